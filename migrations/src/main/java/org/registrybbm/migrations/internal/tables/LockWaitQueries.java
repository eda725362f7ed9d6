package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.AdvisoryKeys;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on locks that are waited for: by a batch job, or by other sessions for the rows of a sub-batch. */
public final class LockWaitQueries {
    /** SQL condition that an active batch job, aliased {@code j}, may be tried now. */
    public static final String OVER = "(j.lock_waits = 0 OR coalesce(j.retry_at <= clock_timestamp(), true))";

    // PostgreSQL may hide when the transaction of another role's session began.
    private static final String SESSION = """
            format(
                'process %s (%s of %s)%s', b.pid,
                coalesce(nullif(b.application_name, ''), b.backend_type, 'a session'), coalesce(b.usename, 'another role'),
                ', whose transaction began at ' || to_char(b.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'))
            """.strip();

    // The worker is identified by the advisory lock that its sub-batch holds.
    private static final String BLOCKER = "SELECT " + SESSION + """
             AS blocker
            FROM pg_locks l
            JOIN pg_database d ON d.oid = l.database
            CROSS JOIN LATERAL unnest(pg_blocking_pids(l.pid)) AS blocking (pid)
            JOIN pg_stat_activity b ON b.pid = blocking.pid
            WHERE d.datname = current_database()
                AND l.locktype = 'advisory'
                AND l.objsubid = 1
                AND l.granted
                AND l.classid::bigint << 32 | l.objid::bigint = """ + AdvisoryKeys.IN_FLIGHT.formatted("?") + """

            ORDER BY b.xact_start
            LIMIT 1
            """;

    // Who only reads waits for this mode alone, also for a session that itself waits for it. Nothing here asks for a
    // lock of the table.
    private static final String HOLDER_OF_TABLE = "SELECT l.relation::regclass || ' is locked by ' || " + SESSION + """
             AS holder
            FROM batched_background_migrations m
            CROSS JOIN LATERAL (SELECT to_regclass(m.table_name)::oid AS oid) AS walked
            JOIN pg_database d ON d.datname = current_database()
            JOIN pg_locks l ON l.locktype = 'relation'
                AND l.database = d.oid
                AND l.mode = 'AccessExclusiveLock'
                AND (l.relation = walked.oid
                    OR l.relation IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = walked.oid))
            JOIN pg_stat_activity b ON b.pid = l.pid
            WHERE m.id = ?
            ORDER BY l.granted DESC, b.xact_start
            LIMIT 1
            """;

    private static final String WAIT = """
            UPDATE batched_background_migration_jobs
            SET attempts = greatest(attempts - 1, 0),
                lock_waits = lock_waits + 1,
                blocked_since = coalesce(blocked_since, clock_timestamp()),
                blocked_by = coalesce(?, blocked_by),
                retry_at = clock_timestamp() + make_interval(secs => least(?, power(2, least(lock_waits, 10)))),
                sub_batch_size = 1,
                lease_token = NULL,
                lease_until = NULL,
                updated_at = now()
            WHERE id = ?
                AND lease_token = ?
                AND status = 1
            """;

    /**
     * SQL condition that another session waits for a row that this transaction has locked or changed. Whoever waits for a row waits for the
     * transaction that has locked it, and others wait behind them.
     */
    public static final String IS_AWAITED = """
            EXISTS (
                SELECT
                FROM pg_locks
                WHERE locktype = 'transactionid'
                    AND transactionid = pg_current_xact_id()::xid
                    AND NOT granted
            )
            """.strip();

    private LockWaitQueries() {}

    /** Returns whose lock the worker of a batch job waits for right now; empty if it waits for none. */
    public static Optional<String> blocker(Connection connection, long jobId) throws SQLException {
        return Jdbc.first(connection, BLOCKER, row -> row.getString("blocker"), jobId);
    }

    /** Returns which table of a migration nobody may read now, and because of whom; empty if each may be read. */
    public static Optional<String> holderOfTable(Connection connection, long migrationId) throws SQLException {
        return Jdbc.first(connection, HOLDER_OF_TABLE, row -> row.getString("holder"), migrationId);
    }

    /**
     * Hands a batch job back for a while without counting an attempt: for 1 s, and then twice as long each time.
     *
     * @param blocker whose lock the batch job waits for; null if nobody knows
     * @return false if the lease is lost
     */
    public static boolean handBack(
            Connection connection, long jobId, long token, @Nullable String blocker, Duration longest)
            throws SQLException {
        return Jdbc.update(connection, WAIT, blocker, (double) longest.toSeconds(), jobId, token) == 1;
    }
}
