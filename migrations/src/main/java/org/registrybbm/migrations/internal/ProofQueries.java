package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Statements for the proof that no row is left. */
final class ProofQueries {
    // Whatever was opened after a proof may have changed rows, or have found some: it needs another one.
    private static final String IS_PROVED = """
            SELECT coalesce(
                (
                    SELECT w.kind = 'verify' AND EXISTS (
                        SELECT
                        FROM batched_background_migration_jobs j
                        WHERE j.walk_id = w.id
                            AND j.status = 2
                    )
                    FROM batched_background_migration_walks w
                    WHERE w.batched_background_migration_id = ?
                    ORDER BY w.id DESC
                    LIMIT 1
                ),
                false
            ) AS proved
            """;

    // It starts anew when somebody sets it to active after it failed.
    private static final String IS_ENDLESS = """
            SELECT count(DISTINCT w.pass) >= ?
                AND min(w.created_at) < clock_timestamp() - make_interval(secs => ?) AS endless
            FROM batched_background_migration_walks w
            JOIN batched_background_migrations m ON m.id = w.batched_background_migration_id
            WHERE w.batched_background_migration_id = ?
                AND w.kind = 'change'
                AND w.created_at >= coalesce(m.started_at, '-infinity')
            """;

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

    private ProofQueries() {}

    /** Returns whether the newest walk of a migration is a proof that came to its end. */
    static boolean isProved(Connection connection, long migrationId) throws SQLException {
        return Sql.one(connection, IS_PROVED, row -> row.getBoolean("proved"), migrationId);
    }

    /** Returns whether a migration has gone over its rows so many times since it was last started, and for so long. */
    static boolean isEndless(Connection connection, long migrationId, int passes, Duration longest)
            throws SQLException {
        return Sql.one(
                connection,
                IS_ENDLESS,
                row -> row.getBoolean("endless"),
                passes,
                (double) longest.toSeconds(),
                migrationId);
    }

    /**
     * Says how far a proof is read and extends its lease; false when the lease is lost.
     *
     * @param blocks how many blocks are read
     */
    static boolean move(
            Connection connection, long jobId, long token, long blocks, Duration busy, LeaseQueries.Term term)
            throws SQLException {
        return Sql.update(
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
    static List<Snapshot.Table> files(Connection connection, List<Target> tables) throws SQLException {
        Map<Long, Long> files = Sql.list(
                        connection, FILES, row -> Map.entry(row.getLong("oid"), row.getLong("file")), (Object)
                                tables.stream().map(Target::oid).toArray(Long[]::new))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return tables.stream()
                .map(table -> new Snapshot.Table(table, files.get(table.oid())))
                .toList();
    }
}
