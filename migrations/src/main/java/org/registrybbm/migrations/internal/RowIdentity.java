package org.registrybbm.migrations.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How the rows of a table are told apart: by the primary key, or, where there is none, by where they lie.
 *
 * @param columns of the primary key, or none
 */
record RowIdentity(List<Column> columns) {
    /** Returns an expression that gives a row's identity as a JSON object of texts. */
    String json() {
        if (columns.isEmpty()) {
            return "jsonb_build_object('ctid', ctid::text)";
        }
        return columns.stream()
                .map(column -> Literals.text(column.name()) + ", " + column.quoted() + "::text")
                .collect(Collectors.joining(", ", "jsonb_build_object(", ")"));
    }

    /** Returns the condition that a row is one of some; false for none. */
    String predicate(List<JsonNode> rows, String qualifier) {
        if (rows.isEmpty()) {
            return "false";
        }
        if (columns.isEmpty()) {
            return rows.stream()
                    .map(row -> Literals.of(row.path("ctid").asText(), "tid"))
                    .collect(Collectors.joining(", ", qualifier + "ctid IN (", ")"));
        }
        return rows.stream()
                .map(this::literals)
                .collect(Collectors.joining(", ", wrap(column -> qualifier + column.quoted()) + " IN (", ")"));
    }

    private String literals(JsonNode row) {
        return wrap(column -> column.literal(row.path(column.name()).asText()));
    }

    private String wrap(Function<Column, String> each) {
        return columns.stream().map(each).collect(Collectors.joining(", ", "(", ")"));
    }
}
