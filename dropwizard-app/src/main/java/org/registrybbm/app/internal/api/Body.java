package org.registrybbm.app.internal.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.web.Problem;

/** The body of a request: a small JSON object, of which every property must be known. An empty body is an empty object. */
final class Body {
    /** How large it may be. */
    static final int MOST_BYTES = 64 * 1024;

    private static final int LONGEST_TEXT = 1_000;
    private static final String REASON = "reason";
    private static final String DRY_RUN = "dry_run";
    private static final ObjectMapper MAPPER = new ObjectMapper()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final JsonNode node;

    private Body(JsonNode node) {
        this.node = node;
    }

    /**
     * Reads a body.
     *
     * @param known which properties it may have besides {@code reason} and {@code dry_run}
     */
    static Body read(InputStream stream, String... known) {
        byte[] bytes;
        try {
            bytes = stream.readNBytes(MOST_BYTES + 1);
        } catch (IOException e) {
            throw Problem.thrown(400, "the body could not be read");
        }
        if (bytes.length > MOST_BYTES) {
            throw Problem.thrown(413, "the body is larger than " + MOST_BYTES / 1024 + " KB; nothing was changed");
        }
        Body body = new Body(parse(bytes));
        Set<String> allowed = new TreeSet<>(List.of(known));
        allowed.addAll(List.of(REASON, DRY_RUN));
        body.node.fieldNames().forEachRemaining(name -> {
            if (!allowed.contains(name)) {
                throw Problem.thrown(
                        400,
                        "the body has an unknown property; nothing was changed; known are "
                                + String.join(", ", allowed));
            }
        });
        return body;
    }

    private static JsonNode parse(byte[] bytes) {
        if (bytes.length == 0) {
            return MAPPER.createObjectNode();
        }
        try {
            JsonNode node = MAPPER.readTree(bytes);
            if (node == null || !node.isObject()) {
                throw Problem.thrown(400, "the body is no JSON object; nothing was changed");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw Problem.thrown(400, "the body is not JSON; nothing was changed");
        } catch (IOException e) {
            throw Problem.thrown(400, "the body could not be read; nothing was changed");
        }
    }

    boolean has(String name) {
        return node.hasNonNull(name);
    }

    /** Returns why it is asked for; null if nobody says. */
    @Nullable
    String reason() {
        return text(REASON);
    }

    /** Returns whether only to say what would be done. */
    boolean dryRun() {
        JsonNode value = node.path(DRY_RUN);
        if (value.isMissingNode() || value.isNull()) {
            return false;
        }
        if (!value.isBoolean()) {
            throw wrong(DRY_RUN, "true or false");
        }
        return value.booleanValue();
    }

    @Nullable
    String text(String name) {
        JsonNode value = node.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isTextual()
                || value.textValue().isBlank()
                || value.textValue().length() > LONGEST_TEXT
                || value.textValue().indexOf(0) >= 0) {
            throw wrong(name, "a text of 1 to " + LONGEST_TEXT + " characters");
        }
        return value.textValue();
    }

    int number(String name, int least, int most) {
        JsonNode value = node.path(name);
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < least
                || value.intValue() > most) {
            throw wrong(name, "a whole number from " + least + " to " + most);
        }
        return value.intValue();
    }

    /** Returns a list of ids; empty if there is none. */
    List<Long> ids(String name, int most) {
        JsonNode value = node.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        List<Long> ids = new ArrayList<>();
        if (value.isArray() && value.size() <= most) {
            value.forEach(one -> {
                if (one.isIntegralNumber() && one.canConvertToLong()) {
                    ids.add(one.longValue());
                }
            });
        }
        if (!value.isArray() || ids.isEmpty() || ids.size() != value.size()) {
            throw wrong(name, "a list of 1 to " + most + " ids");
        }
        return ids;
    }

    /** Returns a limit as a text: a number, {@code unlimited} or {@code default}; null if there is none. */
    @Nullable
    String limit(String name) {
        JsonNode value = node.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (value.isTextual() || value.isIntegralNumber()) {
            return value.asText();
        }
        throw wrong(name, "a number, \"unlimited\" or \"default\"");
    }

    private static RuntimeException wrong(String name, String expected) {
        return Problem.thrown(400, "'" + name + "' must be " + expected + "; nothing was changed");
    }
}
