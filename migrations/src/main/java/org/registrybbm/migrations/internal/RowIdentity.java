package org.registrybbm.migrations.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How the rows of a table are told apart, for as long as people take to mend one: by the primary key; where there is none, by the key that
 * the migration walks, whose rows then stay together; where there is none either, by the version of the row, which only says that it
 * is still as it was. A place alone would not do: another row may lie there by then.
 *
 * @param columns by which, from the primary key or the migration's; none for the row's version
 */
record RowIdentity(List<Column> columns) {
    private static final List<Column> VERSION =
            List.of(new Column("ctid", "ctid", "tid", true, null), new Column("xmin", "xmin", "xid", true, null));

    /** Returns an expression that gives a row's identity as a JSON object of texts. */
    String json() {
        return parts().stream()
                .map(column -> Literals.text(column.name()) + ", " + column.quoted() + "::text")
                .collect(Collectors.joining(", ", "jsonb_build_object(", ")"));
    }

    /** Returns the condition that a row is one of some; false for none. */
    String predicate(List<JsonNode> rows, String qualifier) {
        if (rows.isEmpty()) {
            return "false";
        }
        String among = wrap(parts(), column -> qualifier + column.quoted())
                + rows.stream()
                        .map(row -> wrap(parts(), column -> literal(column, row)))
                        .collect(Collectors.joining(", ", " IN (", ")"));
        return columns.isEmpty() ? "(" + places(rows, qualifier) + " AND " + among + ")" : among;
    }

    /** Lets PostgreSQL go to the places of row versions directly, which it does not for a comparison of two columns. */
    private static String places(List<JsonNode> rows, String qualifier) {
        return rows.stream()
                .map(row -> literal(VERSION.get(0), row))
                .collect(Collectors.joining(", ", qualifier + "ctid IN (", ")"));
    }

    private List<Column> parts() {
        return columns.isEmpty() ? VERSION : columns;
    }

    private static String literal(Column column, JsonNode row) {
        return column.literal(row.path(column.name()).asText());
    }

    private static String wrap(List<Column> columns, Function<Column, String> each) {
        return columns.stream().map(each).collect(Collectors.joining(", ", "(", ")"));
    }
}
