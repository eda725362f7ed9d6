package org.registrybbm.migrations.internal.catalog;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;
import org.registrybbm.migrations.model.Key;

/** The columns of a migration's key in their order, and the SQL that compares rows with keys. */
public record KeyColumns(List<Column> columns) {
    private static final Set<String> INTEGERS = Set.of("int2", "int4", "int8");

    // Types that have exactly one text for each value and are sorted as a B-tree index sorts them. The names are those
    // of pg_type, because how a type is printed depends on settings.
    private static final Set<String> TYPES = Set.of(
            "int2", "int4", "int8", "numeric", "uuid", "text", "varchar", "bytea", "date", "timestamptz", "timestamp");

    /** The types of {@code TYPES} in words for people. */
    public static final String TYPES_AS_WRITTEN =
            "bigint, bytea, character varying, date, integer, numeric, smallint, text,"
                    + " timestamp with time zone, timestamp without time zone, uuid";

    /** Returns whether the key is a single integer, so that the columns {@code min_value} and {@code max_value} can hold it. */
    public boolean isInteger() {
        return columns.size() == 1 && INTEGERS.contains(columns.get(0).typeName());
    }

    /** Returns whether the values of a column can be cut into ranges. */
    public static boolean isOrdered(Column column) {
        return TYPES.contains(column.typeName());
    }

    /** Returns columns that read the values of the same key from an entry of the quarantine. */
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

    /** Returns a SELECT list of the columns as text, named k0, k1 and so on. */
    public String selected() {
        return IntStream.range(0, columns.size())
                .mapToObj(i -> columns.get(i).text("") + " AS k" + i)
                .collect(Collectors.joining(", "));
    }

    /** Returns the condition that a row comes after a key; true if the key is null. */
    public String after(String qualifier, @Nullable Key key) {
        return key == null ? "true" : row(qualifier) + " > " + literal(key);
    }

    /** Returns the condition that a row lies after the first key and not after the second one. */
    public String between(String qualifier, @Nullable Key after, @Nullable Key through) {
        List<String> parts = parts(qualifier, after, through);
        return parts.size() == 1 ? parts.get(0) : "(" + String.join(" OR ", parts) + ")";
    }

    /**
     * Returns the same condition as parts, in the order of the key. An index scan for {@code (a, b) <= (1, 2)} continues to the last row
     * whose a is 1; the scan for each part ends where the part ends.
     */
    public List<String> parts(String qualifier, @Nullable Key after, @Nullable Key through) {
        if (columns.size() == 1 || through == null) {
            String end = through == null ? "true" : row(qualifier) + " <= " + literal(through);
            return List.of(after(qualifier, after) + " AND " + end);
        }
        return new KeyParts(columns, qualifier, after, through).parts();
    }

    /** Returns an ORDER BY list that sorts JSON arrays of key values as the key sorts them. */
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
            // min_value and max_value are bigint, whatever the type of the column is.
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
