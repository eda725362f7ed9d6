package org.registrybbm.migrations.liquibase.base;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import liquibase.parser.core.ParsedNode;
import org.registrybbm.migrations.internal.tables.NearestNames;

/**
 * The attributes that a changelog gives to a change or a precondition, in the form that {@link AttributeType} describes.
 *
 * @param values the values, by the attributes' names
 * @param problems what is wrong with what was written, for people
 */
public record Attributes(Map<String, String> values, List<String> problems) {
    /** The schema of the engine's tables, if it is not on the search path. */
    public static final Attribute SCHEMA = Attribute.optional("schemaName", new AttributeType.Text());

    /** No attribute at all, as Liquibase creates changes to learn about their type. */
    public static final Attributes NONE = new Attributes(Map.of(), List.of());

    /** Reads the attributes of a node. Liquibase ignores those that it does not know; here each one is a problem. */
    public static Attributes read(ParsedNode node, List<Attribute> known) {
        Map<String, List<ParsedNode>> nodes = node.getChildren().stream()
                .collect(Collectors.groupingBy(ParsedNode::getName, TreeMap::new, Collectors.toList()));
        Map<String, String> values = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        if (node.getValue() != null) {
            problems.add("has the value '" + node.getValue() + "', but takes attributes only, such as "
                    + known.get(0).name());
        }
        for (Attribute attribute : known) {
            List<ParsedNode> given = nodes.remove(attribute.name());
            if (given != null) {
                try {
                    values.put(attribute.name(), attribute.type().read(given));
                } catch (IllegalArgumentException e) {
                    problems.add("the attribute '" + attribute.name() + "' " + e.getMessage());
                }
            } else if (attribute.required()) {
                problems.add("the attribute '" + attribute.name() + "' is missing");
            }
        }
        List<String> names = known.stream().map(Attribute::name).toList();
        nodes.keySet()
                .forEach(name -> problems.add("there is no attribute '" + name + "'; did you mean "
                        + String.join(", ", NearestNames.to(name, names)) + "?"));
        return new Attributes(Map.copyOf(values), List.copyOf(problems));
    }

    /** Returns the value of an attribute; empty if it was not given. */
    public Optional<String> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /** Returns whether an attribute was given. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /**
     * Writes a call of one of the engine's SQL functions, with the attributes that were given as its named parameters.
     *
     * @param function the function's name
     * @param passed the attributes to pass, in this order
     */
    public String call(String function, List<Attribute> passed) {
        return passed.stream()
                .filter(attribute -> has(attribute.name()))
                .map(attribute -> attribute.parameter() + " => "
                        + attribute.type().toSql(Objects.requireNonNull(values.get(attribute.name()))))
                .collect(Collectors.joining(",\n    ", "SELECT " + qualified(function) + "(\n    ", "\n)"));
    }

    /** Writes a function's name with the schema, if one was given. */
    public String qualified(String function) {
        return get(SCHEMA.name())
                .map(schema -> identifier(schema) + "." + function)
                .orElse(function);
    }

    /** Writes a name in SQL as it is, whatever characters it has. */
    public static String identifier(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
