package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements about the tables that a proof reads. */
public final class SnapshotQueries {
    // These functions read the catalogue as it is now, whatever snapshot the statement runs in.
    private static final String FILES = """
            SELECT given.oid, pg_relation_filenode(given.oid::oid)::bigint AS file
            FROM unnest(?::bigint[]) AS given (oid)
            WHERE pg_relation_filenode(given.oid::oid) IS NOT NULL
            """;

    private SnapshotQueries() {}

    /** Returns tables with their current files. */
    public static List<Snapshot.Table> files(Connection connection, List<TargetTable> tables) throws SQLException {
        Map<Long, Long> files = Jdbc.list(
                        connection, FILES, row -> Map.entry(row.getLong("oid"), row.getLong("file")), (Object)
                                tables.stream().map(TargetTable::oid).toArray(Long[]::new))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return tables.stream()
                .map(table -> new Snapshot.Table(table, files.get(table.oid())))
                .toList();
    }
}
