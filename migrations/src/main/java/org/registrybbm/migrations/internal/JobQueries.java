package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.Key;

/** Statements on {@code batched_background_migration_jobs} that do not need its lease. */
public final class JobQueries {
    /** The columns of a {@link BatchJob}, of a table aliased {@code j}. */
    static final String COLUMNS = """
            j.id AS j_id, j.batched_background_migration_id AS j_migration_id, j.walk_id AS j_walk_id,
            j.min_value AS j_min_value, j.max_value AS j_max_value, j.after_key::text AS j_after_key,
            j.through_key::text AS j_through_key, j.status AS j_status, j.attempts AS j_attempts,
            j.last_key::text AS j_last_key, j.sub_batch_size AS j_sub_batch_size,
            j.covered_tuple_count AS j_covered_tuple_count, j.migrated_tuple_count AS j_migrated_tuple_count,
            j.lease_owner AS j_lease_owner, j.takeover_count AS j_takeover_count
            """;

    // The key of the advisory lock that a sub-batch's transaction holds, for the batch job whose id follows.
    static final String IN_FLIGHT_KEY = "hashtextextended('org.registrybbm: a sub-batch is in flight', %s)";

    // Batch jobs that a worker holds: its lease has not run out, and the session of its replica is there where the
    // lease
    // names one; or it is inside a sub-batch, however long that takes. Without leases, the locks are not read.
    static final String WITH_HELD = """
            WITH advisory_locks AS MATERIALIZED (
                SELECT l.classid::bigint << 32 | l.objid::bigint AS key
                FROM pg_locks l
                JOIN pg_database d ON d.oid = l.database
                WHERE d.datname = current_database()
                    AND l.locktype = 'advisory'
                    AND l.objsubid = 1
                    AND l.granted
            ), held AS (
                SELECT j.id, j.batched_background_migration_id AS migration_id
                FROM batched_background_migration_jobs j
                WHERE j.status = 1
                    AND j.lease_token IS NOT NULL
                    AND (j.lease_until > clock_timestamp()
                            AND (j.lease_session IS NULL
                                OR j.lease_session IN (SELECT key FROM advisory_locks))
                        OR %s IN (SELECT key FROM advisory_locks))
            )
            """.formatted(IN_FLIGHT_KEY.formatted("j.id"));

    private static final String DUE = WITH_HELD + "SELECT j.lease_token, " + COLUMNS + """
            FROM batched_background_migration_jobs j
            WHERE j.batched_background_migration_id = ?
                AND j.status = 1
                AND j.id NOT IN (SELECT id FROM held)
            ORDER BY j.id
            LIMIT ?
            """;

    private static final String UNFINISHED = """
            SELECT count(*) AS unfinished
            FROM batched_background_migration_jobs
            WHERE batched_background_migration_id = ?
                AND status <> 2
            """;

    // What the last batch jobs looked like: the next one's sizes follow from them. The inner limit has the index walked
    // whatever the statistics of the walks say; without it, all batch jobs were sorted.
    private static final String RECENT = """
            SELECT j.min_value, j.max_value, j.covered_tuple_count, j.busy_ms, j.sub_batch_size
            FROM (
                SELECT *
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                    AND status = 2 -- finished
                ORDER BY id DESC
                LIMIT 100
            ) AS j
            LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
            WHERE w.kind IS DISTINCT FROM 'retry'
            ORDER BY j.id DESC
            LIMIT 8
            """;

    private static final String ANY_FAILED = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                    AND status = 3
            ) AS found
            """;

    private static final String EXHAUSTED = """
            SELECT j.failure_class, j.failure_sqlstate, j.failure_message,
            """ + COLUMNS + """
            FROM batched_background_migration_jobs j
            WHERE j.batched_background_migration_id = ?
                AND j.status = 3
                AND j.attempts >= ?
            ORDER BY j.id
            LIMIT 1
            """;

    private static final String RETRY_DUE = """
            UPDATE batched_background_migration_jobs
            SET status = 1,
                updated_at = now()
            WHERE id IN (
                SELECT id
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
                    AND status = 3
                    AND (retry_at IS NULL OR retry_at <= clock_timestamp())
                ORDER BY id
                LIMIT ?
                FOR UPDATE SKIP LOCKED
            )
            RETURNING id
            """;

    // A batch job whose worker died in it each time goes on with fewer rows: what kills is among the next ones.
    private static final String NARROW = WITH_HELD + """
            UPDATE batched_background_migration_jobs
            SET attempts = ?,
                last_key = coalesce(?::jsonb, last_key),
                sub_batch_size = ?,
                lease_token = NULL,
                lease_until = NULL,
                updated_at = now()
            WHERE id = ?
                AND status = 1
                AND id NOT IN (SELECT id FROM held)
            """;

    private static final String RETRY_FAILED = """
            UPDATE batched_background_migration_jobs
            SET attempts = 0,
                retry_at = NULL,
                updated_at = now()
            WHERE batched_background_migration_id = ?
                AND status = 3
            """;

    private static final String RETRY_ONE = """
            UPDATE batched_background_migration_jobs
            SET status = 1,
                attempts = 0,
                retry_at = NULL,
                updated_at = now()
            WHERE id = ?
                AND status = 3
            RETURNING batched_background_migration_id AS migration_id
            """;

    private static final String FORGET_ATTEMPTS = WITH_HELD + """
            UPDATE batched_background_migration_jobs
            SET attempts = 0,
                retry_at = NULL,
                updated_at = now()
            WHERE batched_background_migration_id = ?
                AND status IN (1, 3)
                AND id NOT IN (SELECT id FROM held)
            """;

    private JobQueries() {}

    /** A batch job that no worker holds; the dead token is that of a worker that held it and gives no sign of life. */
    public record DueJob(BatchJob job, @Nullable Long deadToken) {}

    /** The figures of a batch job that is finished, null where the container registry made it. */
    public record Figures(
            long minValue,
            long maxValue,
            @Nullable Long covered,
            @Nullable Long busyMillis,
            @Nullable Integer subBatchSize) {
        /** Returns the rows that it covered, 0 where nobody counted. */
        long rows() {
            return covered == null ? 0 : covered;
        }
    }

    /** A batch job that used up its attempts. */
    public record Exhausted(
            BatchJob job,
            @Nullable String errorClass,
            @Nullable String sqlState,
            @Nullable String message) {}

    public static List<DueJob> due(Connection connection, long migrationId, int limit) throws SQLException {
        return Sql.list(
                connection,
                DUE,
                row -> new DueJob(Rows.job(row), Rows.nullable(row, "lease_token")),
                migrationId,
                limit);
    }

    public static long unfinished(Connection connection, long migrationId) throws SQLException {
        return Sql.one(connection, UNFINISHED, row -> row.getLong("unfinished"), migrationId);
    }

    /** Returns the figures of the last batch jobs that are finished, the newest first. */
    public static List<Figures> recent(Connection connection, long migrationId) throws SQLException {
        return Sql.list(
                connection,
                RECENT,
                row -> {
                    Long subBatchSize = Rows.nullable(row, "sub_batch_size");
                    return new Figures(
                            row.getLong("min_value"),
                            row.getLong("max_value"),
                            Rows.nullable(row, "covered_tuple_count"),
                            Rows.nullable(row, "busy_ms"),
                            subBatchSize == null ? null : Math.toIntExact(subBatchSize));
                },
                migrationId);
    }

    /** Returns whether a migration has a batch job whose last try failed. */
    static boolean anyFailed(Connection connection, long migrationId) throws SQLException {
        return Sql.one(connection, ANY_FAILED, row -> row.getBoolean("found"), migrationId);
    }

    public static Optional<Exhausted> exhausted(Connection connection, long migrationId, int maxAttempts)
            throws SQLException {
        return Sql.first(
                connection,
                EXHAUSTED,
                row -> new Exhausted(
                        Rows.job(row),
                        row.getString("failure_class"),
                        row.getString("failure_sqlstate"),
                        row.getString("failure_message")),
                migrationId,
                maxAttempts);
    }

    public static List<Long> retryDue(Connection connection, long migrationId, int limit) throws SQLException {
        return Sql.list(connection, RETRY_DUE, row -> row.getLong("id"), migrationId, limit);
    }

    /** Sets an abandoned batch job to fewer rows and attempts, and moves its cursor; a null key leaves it. */
    static boolean narrow(Connection connection, long jobId, int attempts, @Nullable Key lastKey, int subBatchSize)
            throws SQLException {
        return Sql.update(connection, NARROW, attempts, Keys.write(lastKey), subBatchSize, jobId) == 1;
    }

    /** Gives the failed batch jobs of a migration all their attempts, at once, and returns how many there are. */
    public static long retryFailed(Connection connection, long migrationId) throws SQLException {
        return Sql.update(connection, RETRY_FAILED, migrationId);
    }

    /** The same for one batch job; returns the key of its migration, or nothing when it has not failed. */
    public static List<Long> retryOne(Connection connection, long jobId) throws SQLException {
        return Sql.list(connection, RETRY_ONE, row -> row.getLong("migration_id"), jobId);
    }

    public static void forgetAttempts(Connection connection, long migrationId) throws SQLException {
        Sql.update(connection, FORGET_ATTEMPTS, migrationId);
    }
}
