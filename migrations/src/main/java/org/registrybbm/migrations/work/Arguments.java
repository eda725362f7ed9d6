package org.registrybbm.migrations.work;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.FailureCode;
import org.registrybbm.migrations.model.InvalidDefinitionException;

/** A migration's JSON arguments, read with clear errors. */
public final class Arguments {
    // Numbers stay as they are written, as jsonb keeps them. To read one takes the square of its digits, in each plan:
    // those of PostgreSQL's longest would take seconds.
    private static final int LONGEST_NUMBER = 5_000;
    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNumberLength(LONGEST_NUMBER)
                            .build())
                    .build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
            .build();

    private final JsonNode json;

    private Arguments(JsonNode json) {
        this.json = json;
    }

    /** Parses the column; an empty object where it is NULL. */
    public static JsonNode parse(@Nullable String text) {
        if (text == null) {
            return MAPPER.createObjectNode();
        }
        try {
            JsonNode json = MAPPER.readTree(text);
            if (!json.isObject()) {
                throw invalid("arguments is not a JSON object: " + text);
            }
            return json;
        } catch (StreamConstraintsException e) {
            throw invalid("arguments has a number of more than " + LONGEST_NUMBER
                    + " digits, or is nested too deeply; write such a number as a string");
        } catch (JsonProcessingException e) {
            throw invalid("arguments is not JSON: " + e.getOriginalMessage());
        }
    }

    /** Reads an object that may have the given keys only. */
    static Arguments of(JsonNode json, Set<String> known) {
        List<String> unknown = new ArrayList<>();
        json.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                unknown.add(name);
            }
        });
        if (!unknown.isEmpty()) {
            throw invalid("arguments has the unknown keys " + unknown + "; known are "
                    + known.stream().sorted().toList());
        }
        return new Arguments(json);
    }

    String required(String key) {
        return optional(key).orElseThrow(() -> invalid("arguments lacks \"" + key + "\": " + json));
    }

    Optional<String> optional(String key) {
        JsonNode value = json.get(key);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw invalid("\"" + key + "\" of arguments is not a string: " + value);
        }
        return Optional.of(value.textValue());
    }

    /** Returns a string, number or boolean as text that PostgreSQL reads as the column's type. */
    Optional<String> scalar(String key) {
        JsonNode value = json.get(key);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isValueNode()) {
            throw invalid("\"" + key + "\" of arguments is not a string, number or boolean: " + value);
        }
        return Optional.of(value.isNumber() ? value.decimalValue().toPlainString() : value.asText());
    }

    static InvalidDefinitionException invalid(String message) {
        return new InvalidDefinitionException(FailureCode.INVALID_ARGUMENTS, message);
    }
}
