package org.registrybbm.migrations.internal.rows;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.TreeMap;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;
import org.registrybbm.migrations.work.Batch;

/**
 * The places of some rows of a table. They are valid within the transaction that found them, as long as nobody else can change the rows.
 */
public record Places(List<Place> rows) {
    public static final Places NONE = new Places(List.of());

    private static final String FIND = """
            SELECT tableoid::bigint AS oid, ctid::text AS tid
            FROM %1$s
            WHERE %2$s
            LIMIT ?
            """;

    /** The place of one row. */
    private record Place(long table, String tid) {}

    /**
     * Finds rows.
     *
     * @param condition the condition for the rows
     * @param locking a locking clause to append to the statement, or an empty text
     */
    public static Places find(Connection connection, String table, String condition, String locking, int limit)
            throws SQLException {
        return new Places(Jdbc.list(
                connection,
                FIND.formatted(table, condition) + locking,
                row -> new Place(row.getLong("oid"), row.getString("tid")),
                limit));
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    public int count() {
        return rows.size();
    }

    /** Returns the first places. */
    public Places first(int count) {
        return new Places(rows.subList(0, Math.min(count, rows.size())));
    }

    /** Returns the places behind the first ones. */
    public Places behind(int count) {
        return new Places(rows.subList(Math.min(count, rows.size()), rows.size()));
    }

    /** Returns the rows at these places. */
    public Batch batch() {
        // In a partitioned table, a row of each partition may have the same ctid.
        TreeMap<Long, String> places = rows.stream()
                .collect(groupingBy(Place::table, TreeMap::new, mapping(Place::tid, joining("\",\"", "{\"", "\"}"))));
        return new Batch(qualifier -> places.entrySet().stream()
                .map(each -> "%1$stableoid = %2$s AND %1$sctid = ANY (%3$s)"
                        .formatted(qualifier, each.getKey(), SqlLiterals.of(each.getValue(), "tid[]")))
                .collect(joining(" OR ")));
    }

    /** Returns the condition that a row lies in some blocks. */
    public static String inBlocks(String qualifier, long first, long last) {
        return "%1$sctid >= '(%2$d,0)'::tid AND %1$sctid < '(%3$d,0)'::tid".formatted(qualifier, first, last + 1);
    }
}
