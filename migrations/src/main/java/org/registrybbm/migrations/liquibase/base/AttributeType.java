package org.registrybbm.migrations.liquibase.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.parser.core.ParsedNode;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;

/**
 * What the value of an attribute may be. A value is read into one text that is the same in XML, YAML and JSON and in whatever order its
 * parts were written, because Liquibase computes the checksum of a changeset from it.
 */
public sealed interface AttributeType {
    /**
     * Reads a value.
     *
     * @param nodes the nodes that have the attribute's name, at least one
     * @throws IllegalArgumentException with a text that continues "the attribute ..." when the value is not allowed
     */
    String read(List<ParsedNode> nodes);

    /** Writes a value that {@link #read} returned as a SQL expression. */
    default String toSql(String value) {
        return SqlLiterals.text(value).strip();
    }

    /** Any text. */
    record Text() implements AttributeType {
        @Override
        public String read(List<ParsedNode> nodes) {
            return scalar(nodes, "one text");
        }
    }

    /**
     * A whole number.
     *
     * @param least the smallest allowed
     * @param most the greatest allowed
     */
    record Whole(long least, long most) implements AttributeType {
        @Override
        public String read(List<ParsedNode> nodes) {
            String expected = "a whole number from " + least + " to " + most;
            String text = scalar(nodes, expected);
            try {
                long number = Long.parseLong(text);
                if (number >= least && number <= most) {
                    return Long.toString(number);
                }
            } catch (NumberFormatException e) {
                // Told below, with the name of the attribute.
            }
            throw new IllegalArgumentException("is '" + text + "', but must be " + expected);
        }

        @Override
        public String toSql(String value) {
            return value;
        }
    }

    /** One of a few words. */
    record Word(List<String> words) implements AttributeType {
        /** The words of a truth value. */
        public static final Word YES_OR_NO = of("true", "false");

        /** Returns a type with these words. */
        public static Word of(String... words) {
            return new Word(List.of(words));
        }

        @Override
        public String read(List<ParsedNode> nodes) {
            String expected = "one of " + String.join(", ", words);
            String text = scalar(nodes, expected);
            if (!words.contains(text)) {
                throw new IllegalArgumentException("is '" + text + "', but must be " + expected);
            }
            return text;
        }

        @Override
        public String toSql(String value) {
            return value.equals("true") || value.equals("false") ? value : AttributeType.super.toSql(value);
        }
    }

    /** A length of time, such as {@code 90s}, {@code 30m} or {@code 2h}, read into seconds. */
    record Time() implements AttributeType {
        private static final Pattern TIME = Pattern.compile("(\\d{1,6})\\s*([smh])");

        @Override
        public String read(List<ParsedNode> nodes) {
            String expected = "a length of time such as 90s, 30m or 2h";
            String text = scalar(nodes, expected);
            Matcher time = TIME.matcher(text);
            if (!time.matches()) {
                throw new IllegalArgumentException("is '" + text + "', but must be " + expected);
            }
            long unit = switch (time.group(2)) {
                case "h" -> 3_600;
                case "m" -> 60;
                default -> 1;
            };
            return Long.toString(Long.parseLong(time.group(1)) * unit);
        }
    }

    /** One or more names: a list, or a text with commas between them. It is read into an array of PostgreSQL. */
    record Names() implements AttributeType {
        private static final Pattern ELEMENT = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|([^{},\"]+)");
        private static final Pattern PLAIN = Pattern.compile("(?!(?i)null$)\\w+");

        @Override
        public String read(List<ParsedNode> nodes) {
            List<String> names = nodes.stream()
                    .flatMap(Names::of)
                    .map(String::strip)
                    .filter(name -> !name.isEmpty())
                    .distinct()
                    .toList();
            if (names.isEmpty()) {
                throw new IllegalArgumentException("must have at least one name");
            }
            return names.stream().map(Names::element).collect(Collectors.joining(",", "{", "}"));
        }

        private static Stream<String> of(ParsedNode node) {
            if (!node.getChildren().isEmpty()) {
                throw new IllegalArgumentException("must be names, separated by commas or as a list");
            }
            if (node.getValue() instanceof Collection<?> several) {
                return several.stream().map(String::valueOf);
            }
            return node.getValue() == null
                    ? Stream.of()
                    : Arrays.stream(node.getValue().toString().split(",", -1));
        }

        /** Returns the names of an array that {@link #read} returned. */
        public static Set<String> elements(String array) {
            Set<String> names = new LinkedHashSet<>();
            ELEMENT.matcher(array)
                    .results()
                    .map(found -> found.group(1) == null
                            ? found.group(2)
                            : found.group(1).replaceAll("\\\\(.)", "$1"))
                    .forEach(names::add);
            return names;
        }

        private static String element(String name) {
            return PLAIN.matcher(name).matches()
                    ? name
                    : '"' + name.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
        }
    }

    /**
     * A JSON object: a map, the attributes of an XML element, or the text of an object. XML has no types, so a text that is a number, a truth
     * value or null in JSON is taken as one, in every format. Write the text of a JSON object to give such a text as a string.
     */
    record Json() implements AttributeType {
        // A number is kept to the last digit, and what follows the object is not ignored.
        private static final ObjectMapper MAPPER = JsonMapper.builder()
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
                .build();
        private static final Pattern LITERAL =
                Pattern.compile("true|false|null|-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");

        @Override
        public String read(List<ParsedNode> nodes) {
            ParsedNode node = single(nodes);
            try {
                JsonNode json = node.getChildren().isEmpty() && node.getValue() instanceof String text
                        ? MAPPER.readTree(text)
                        : value(node);
                if (json instanceof ObjectNode object) {
                    return MAPPER.writeValueAsString(sorted(object));
                }
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException("is not a JSON object: " + e.getOriginalMessage(), e);
            }
            throw new IllegalArgumentException("must be a map, or the text of a JSON object");
        }

        /** Returns a text of an object that {@link #read} returned; empty if it has none of that name. */
        public static Optional<String> text(String object, String name) {
            try {
                return Optional.ofNullable(MAPPER.readTree(object).get(name))
                        .filter(JsonNode::isTextual)
                        .map(JsonNode::textValue);
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException(e.getOriginalMessage(), e);
            }
        }

        private static JsonNode value(ParsedNode node) throws JsonProcessingException {
            if (node.getChildren().isEmpty()) {
                return scalarOrList(node.getValue());
            }
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            for (ParsedNode child : node.getChildren()) {
                JsonNode value = value(child);
                JsonNode before = object.get(child.getName());
                // An element that is repeated is a list.
                if (before instanceof ArrayNode list) {
                    list.add(value);
                } else if (before != null) {
                    object.set(
                            child.getName(),
                            JsonNodeFactory.instance.arrayNode().add(before).add(value));
                } else {
                    object.set(child.getName(), value);
                }
            }
            return object;
        }

        private static JsonNode scalarOrList(@Nullable Object value) throws JsonProcessingException {
            if (value instanceof Collection<?> several) {
                ArrayNode list = JsonNodeFactory.instance.arrayNode();
                for (Object one : several) {
                    list.add(scalarOrList(one));
                }
                return list;
            }
            return value instanceof String text && LITERAL.matcher(text).matches()
                    ? MAPPER.readTree(text)
                    : MAPPER.valueToTree(value);
        }

        private static Object sorted(JsonNode json) {
            if (json instanceof ObjectNode object) {
                Map<String, Object> sorted = new TreeMap<>();
                object.fields().forEachRemaining(field -> sorted.put(field.getKey(), sorted(field.getValue())));
                return sorted;
            }
            if (json instanceof ArrayNode list) {
                List<Object> sorted = new ArrayList<>();
                list.forEach(one -> sorted.add(sorted(one)));
                return sorted;
            }
            return json;
        }
    }

    private static ParsedNode single(List<ParsedNode> nodes) {
        if (nodes.size() > 1) {
            throw new IllegalArgumentException("is given " + nodes.size() + " times");
        }
        return nodes.get(0);
    }

    private static String scalar(List<ParsedNode> nodes, String expected) {
        ParsedNode node = single(nodes);
        if (!node.getChildren().isEmpty() || node.getValue() instanceof Collection) {
            throw new IllegalArgumentException("must be " + expected);
        }
        String text = Objects.toString(node.getValue(), "").strip();
        if (text.isEmpty()) {
            throw new IllegalArgumentException("is empty");
        }
        return text;
    }
}
