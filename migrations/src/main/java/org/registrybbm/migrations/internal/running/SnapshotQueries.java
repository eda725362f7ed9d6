package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements of a proof about the tables that it reads, and how far. */
public final class SnapshotQueries {
    // Attempts stay: where it begins anew, it has made no progress.
    private static final String MOVE = """
            UPDATE batched_background_migration_jobs
            SET last_key = to_jsonb(?::bigint),
                busy_ms = busy_ms + ?,
                lock_waits = 0,
                blocked_since = NULL,
                blocked_by = NULL,
                lease_until = clock_timestamp() + make_interval(secs => ?),
                lease_session = ?,
                updated_at = clock_timestamp()
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            """;

    // The catalogue as it is now, in whatever snapshot this runs.
    private static final String FILES = """
            SELECT given.oid, pg_relation_filenode(given.oid::oid)::bigint AS file
            FROM unnest(?::bigint[]) AS given (oid)
            WHERE pg_relation_filenode(given.oid::oid) IS NOT NULL
            """;

    private SnapshotQueries() {}

    /**
     * Says how far a proof is read and extends its lease; false when the lease is lost.
     *
     * @param blocks how many blocks are read
     */
    static boolean move(
            Connection connection, long jobId, long token, long blocks, Duration busy, LeaseQueries.Term term)
            throws SQLException {
        return Jdbc.update(
                        connection,
                        MOVE,
                        blocks,
                        busy.toMillis(),
                        term.length().toMillis() / 1000.0,
                        term.session(),
                        jobId,
                        token)
                == 1;
    }

    /** Returns tables with the files that they are in now. */
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
