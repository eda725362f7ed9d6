package org.registrybbm.migrations.internal.catalog;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;
import org.registrybbm.migrations.model.Key;

/** The columns of a migration's key, in their order, and the SQL that compares rows with keys. */
public record KeyColumns(List<Column> columns) {
    private static final Set<String> INTEGERS = Set.of("int2", "int4", "int8");

    // Types that have one text for each value, and whose order is that of a btree index. As pg_type names them:
    // how they are printed depends on settings.
    private static final Set<String> TYPES = Set.of(
            "int2", "int4", "int8", "numeric", "uuid", "text", "varchar", "bytea", "date", "timestamptz", "timestamp");

    /** The same for people. */
    public static final String TYPES_AS_WRITTEN =
            "bigint, bytea, character varying, date, integer, numeric, smallint, text,"
                    + " timestamp with time zone, timestamp without time zone, uuid";

    /** Returns whether the key is one integer, so that the contract's numbers hold it. */
    public boolean isInteger() {
        return columns.size() == 1 && INTEGERS.contains(columns.get(0).typeName());
    }

    /** Returns whether ranges can be made of a column's values. */
    public static boolean isOrdered(Column column) {
        return TYPES.contains(column.typeName());
    }

    /** Returns the same columns as an entry of the quarantine holds their values. */
    public KeyColumns ofEntries(String json) {
        return new KeyColumns(
                columns.stream().map(column -> column.ofEntry(json)).toList());
    }

    /** Returns the columns as a list: {@code a, b}. */
    public String list() {
        return columns.stream().map(Column::quoted).collect(Collectors.joining(", "));
    }

    /** Returns the columns' names as a JSON array. */
    public String json() {
        return KeyJson.text(columns.stream().map(Column::name).toList());
    }

    /** Returns the columns as text, named k0, k1 ... */
    public String selected() {
        return IntStream.range(0, columns.size())
                .mapToObj(i -> columns.get(i).text("") + " AS k" + i)
                .collect(Collectors.joining(", "));
    }

    /** Returns the condition that a row comes after a key; true without one. */
    public String after(String qualifier, @Nullable Key key) {
        return key == null ? "true" : row(qualifier) + " > " + literal(key);
    }

    /** Returns the condition of both bounds, the second one included. */
    public String between(String qualifier, @Nullable Key after, @Nullable Key through) {
        List<String> parts = parts(qualifier, after, through);
        return parts.size() == 1 ? parts.get(0) : "(" + String.join(" OR ", parts) + ")";
    }

    /**
     * Returns the same as parts, in the order of the key. An index scan for {@code (a, b) <= (1, 2)} goes on to the last row where a is 1;
     * for each part it ends where the part does.
     */
    public List<String> parts(String qualifier, @Nullable Key after, @Nullable Key through) {
        boolean exact = columns.stream().allMatch(Column::isEqualByText);
        if (columns.size() == 1 || through == null || !exact) {
            String end = through == null ? "true" : row(qualifier) + " <= " + literal(through);
            return List.of(after(qualifier, after) + " AND " + end);
        }
        return new KeyParts(columns, qualifier, after, through).parts();
    }

    /** Returns the order of a JSON array of such values, as a list for ORDER BY. */
    public String orderOf(String json) {
        return IntStream.range(0, columns.size())
                .mapToObj(i -> {
                    Column column = columns.get(i);
                    String value = "(" + json + " ->> " + i + ")::" + column.type();
                    return column.collation() == null ? value : value + " COLLATE " + column.collation();
                })
                .collect(Collectors.joining(", "));
    }

    private String row(String qualifier) {
        return wrap(columns.stream().map(column -> qualifier + column.quoted()).toList());
    }

    private String literal(Key key) {
        if (isInteger()) {
            // The contract's bounds are bigint, whatever the column is.
            return SqlLiterals.of(key.values().get(0), "bigint");
        }
        return wrap(IntStream.range(0, columns.size())
                .mapToObj(i -> columns.get(i).literal(key.values().get(i)))
                .toList());
    }

    private static String wrap(List<String> parts) {
        return parts.size() == 1 ? parts.get(0) : "(" + String.join(", ", parts) + ")";
    }
}
