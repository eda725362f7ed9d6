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
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;

/**
 * The arguments of a migration, which are a JSON object. If an argument is missing or has the wrong type, the methods throw
 * {@link InvalidDefinitionException}, and the migration fails with code 13. Immutable.
 */
public final class Arguments {
    // Numbers keep all their digits, as in jsonb. The time to read a number grows with the square of its digits, and
    // each plan reads it: PostgreSQL's longest numbers would take seconds.
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

    /**
     * Parses the column {@code arguments}.
     *
     * @param text a JSON object, or null for none
     */
    public static Arguments parse(@Nullable String text) {
        if (text == null) {
            return new Arguments(MAPPER.createObjectNode());
        }
        try {
            JsonNode json = MAPPER.readTree(text);
            if (!json.isObject()) {
                throw invalid("arguments is not a JSON object: " + text);
            }
            return new Arguments(json);
        } catch (StreamConstraintsException e) {
            throw invalid("arguments has a number of more than " + LONGEST_NUMBER
                    + " digits, or is nested too deeply; write such a number as a string");
        } catch (JsonProcessingException e) {
            throw invalid("arguments is not JSON: " + e.getOriginalMessage());
        }
    }

    /**
     * Checks that there are no other keys than the given ones, so that a misspelt key is reported instead of ignored.
     *
     * @param keys all keys that may occur
     * @return these arguments
     * @throws InvalidDefinitionException when there is another key
     */
    public Arguments allow(String... keys) {
        Set<String> known = new TreeSet<>(List.of(keys));
        List<String> unknown = new ArrayList<>();
        json.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                unknown.add(name);
            }
        });
        if (!unknown.isEmpty()) {
            throw invalid("arguments has the unknown keys " + unknown + "; known are " + known);
        }
        return this;
    }

    /** Returns a string that is required. */
    public String text(String key) {
        return optionalText(key).orElseThrow(() -> lacks(key));
    }

    /** Returns a string; empty when it is missing or null. */
    public Optional<String> optionalText(String key) {
        return value(key, JsonNode::isTextual, "a string").map(JsonNode::textValue);
    }

    /** Returns a number that is required. */
    public BigDecimal number(String key) {
        return optionalNumber(key).orElseThrow(() -> lacks(key));
    }

    /** Returns a number; empty when it is missing or null. */
    public Optional<BigDecimal> optionalNumber(String key) {
        return value(key, JsonNode::isNumber, "a number").map(JsonNode::decimalValue);
    }

    /** Returns a string, number or boolean as text that PostgreSQL can read as the column's type; empty when it is missing or null. */
    Optional<String> scalar(String key) {
        return value(key, JsonNode::isValueNode, "a string, number or boolean")
                .map(value -> value.isNumber() ? value.decimalValue().toPlainString() : value.asText());
    }

    private Optional<JsonNode> value(String key, Predicate<JsonNode> wanted, String what) {
        JsonNode value = json.get(key);
        if (value == null || value.isNull()) {
            return Optional.empty();
        }
        if (!wanted.test(value)) {
            throw invalid("\"" + key + "\" of arguments is not " + what + ": " + value);
        }
        return Optional.of(value);
    }

    private InvalidDefinitionException lacks(String key) {
        return invalid("arguments lacks \"" + key + "\": " + json);
    }

    /** Returns the arguments as JSON. */
    @Override
    public String toString() {
        return json.toString();
    }

    static InvalidDefinitionException invalid(String message) {
        return new InvalidDefinitionException(FailureCode.INVALID_ARGUMENTS, message);
    }
}
