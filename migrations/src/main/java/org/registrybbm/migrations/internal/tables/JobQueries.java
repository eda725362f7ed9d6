package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.jdbc.AdvisoryKeys;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.JobStatus;
import org.registrybbm.migrations.model.Key;

/** Statements on {@code batched_background_migration_jobs} that do not need the batch job's lease. */
public final class JobQueries {
    // The last batch job of a walk must sometimes not carry the max_value of its migration, see RangeQueries. Its
    // through_key then holds the last number, as a JSON number. Every other through_key holds texts.
    private static final String ENDS_IN_THROUGH_KEY = "jsonb_typeof(j.through_key -> 0) = 'number'";

    /**
     * SQL condition that a batch job, aliased {@code j}, was handed back at a shutdown. It then has the status of failed batch jobs, so
     * that the container registry's own software would run it too. It counts as active until that software has tried it and recorded a
     * failure.
     */
    static final String HANDED_BACK =
            "(j.status = 3 AND j.handed_back_at IS NOT NULL AND j.failure_error_code IS NULL)";

    /** SQL condition that a batch job, aliased {@code j}, failed. */
    public static final String FAILED =
            "(j.status = 3 AND (j.handed_back_at IS NULL OR j.failure_error_code IS NOT NULL))";

    /** SQL condition that a batch job, aliased {@code j}, is active. */
    public static final String ACTIVE = "(j.status = 1 OR " + HANDED_BACK + ")";

    /**
     * SQL condition that the container registry's software would run a batch job, aliased {@code j}, of a migration, aliased {@code m},
     * just as the engine does.
     */
    public static final String RANGE_OF_NUMBERS = """
            (m.batching_strategy IS NULL AND j.after_key IS NULL AND j.through_key IS NULL
                AND (j.min_value <> 0 OR j.max_value <> 0))
            """.strip();

    /** SQL expression for the last number of the range of a batch job, aliased {@code j}, that counts in numbers. */
    public static final String LAST_VALUE =
            "CASE WHEN " + ENDS_IN_THROUGH_KEY + " THEN (j.through_key ->> 0)::bigint ELSE j.max_value END";

    /** The columns of a {@link BatchJob}, of a table aliased {@code j}. */
    public static final String COLUMNS = """
            j.id AS j_id, j.batched_background_migration_id AS j_migration_id, j.walk_id AS j_walk_id,
            j.min_value AS j_min_value, %s AS j_max_value, j.after_key::text AS j_after_key,
            CASE WHEN %s THEN NULL ELSE j.through_key::text END AS j_through_key, CASE WHEN %s THEN 1 ELSE j.status END AS j_status, j.attempts AS j_attempts,
            j.last_key::text AS j_last_key, j.sub_batch_size AS j_sub_batch_size,
            j.covered_tuple_count AS j_covered_tuple_count, j.migrated_tuple_count AS j_migrated_tuple_count,
            j.lease_owner AS j_lease_owner, j.takeover_count AS j_takeover_count
            """.formatted(LAST_VALUE, ENDS_IN_THROUGH_KEY, HANDED_BACK);

    // Batch jobs that a worker holds. Either its lease has not run out and, if the lease names the session of a
    // replica, that session still exists. Or the worker is inside a sub-batch, however long that takes. If there are no
    // leases, the locks are not read.
    public static final String WITH_HELD = """
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
            """.formatted(AdvisoryKeys.IN_FLIGHT.formatted("j.id"));

    private static final String DUE =
            WITH_HELD + "SELECT j.lease_token, " + COLUMNS + """
            FROM batched_background_migration_jobs j
            WHERE j.batched_background_migration_id = ?
                AND j.status <> 2
                AND %s
                AND %s
                AND j.id NOT IN (SELECT id FROM held)
            ORDER BY j.id
            LIMIT ?
            """.formatted(ACTIVE, LockWaitQueries.OVER);

    private static final String UNFINISHED = """
            SELECT count(*) AS unfinished
            FROM batched_background_migration_jobs
            WHERE batched_background_migration_id = ?
                AND status <> 2
            """;

    // The figures of the last batch jobs, from which the sizes of the next one follow. Because of the inner LIMIT,
    // PostgreSQL walks the index whatever the statistics of the walks say. Without it, PostgreSQL would sort all batch
    // jobs.
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
                FROM batched_background_migration_jobs j
                WHERE batched_background_migration_id = ?
                    AND %s
            ) AS found
            """.formatted(FAILED);

    private static final String EXHAUSTED = """
            SELECT j.failure_class, j.failure_sqlstate, j.failure_message,
            """ + COLUMNS + """
            FROM batched_background_migration_jobs j
            WHERE j.batched_background_migration_id = ?
                AND %s
                AND j.attempts >= ?
            ORDER BY j.id
            LIMIT 1
            """.formatted(FAILED);

    private static final String RETRY_DUE = """
            UPDATE batched_background_migration_jobs
            SET status = 1,
                handed_back_at = NULL,
                updated_at = now()
            WHERE id IN (
                SELECT id
                FROM batched_background_migration_jobs j
                WHERE batched_background_migration_id = ?
                    AND %s
                    AND (retry_at IS NULL OR retry_at <= clock_timestamp())
                ORDER BY id
                LIMIT ?
                FOR UPDATE SKIP LOCKED
            )
            RETURNING id
            """.formatted(FAILED);

    // A batch job continues with fewer rows if its worker died in it each time, because one of the next rows kills the
    // worker.
    private static final String NARROW = WITH_HELD + """
            UPDATE batched_background_migration_jobs j
            SET attempts = ?,
                last_key = coalesce(?::jsonb, last_key),
                sub_batch_size = ?,
                lease_token = NULL,
                lease_until = NULL,
                updated_at = now()
            WHERE id = ?
                AND %s
                AND id NOT IN (SELECT id FROM held)
            """.formatted(ACTIVE);

    private static final String RETRY_FAILED = """
            UPDATE batched_background_migration_jobs j
            SET attempts = 0,
                retry_at = NULL,
                updated_at = now()
            WHERE batched_background_migration_id = ?
                AND %s
            """.formatted(FAILED);

    private static final String RETRY_ONE = """
            UPDATE batched_background_migration_jobs j
            SET status = 1,
                attempts = 0,
                retry_at = NULL,
                handed_back_at = NULL,
                updated_at = now()
            WHERE id = ?
                AND %s
            RETURNING batched_background_migration_id AS migration_id
            """.formatted(FAILED);

    private static final String FORGET_ATTEMPTS = WITH_HELD + """
            UPDATE batched_background_migration_jobs
            SET attempts = 0,
                retry_at = NULL,
                updated_at = now()
            WHERE batched_background_migration_id = ?
                AND status IN (1, 3)
                AND id NOT IN (SELECT id FROM held)
            """;

    // The container registry's software would not run batch jobs that nobody has begun, or that were handed back
    // because their migration was paused, not even those that it has made itself. It knows only ranges of one integer
    // key, such as those of a walk over the whole table.
    private static final String HAND_OVER = """
            UPDATE batched_background_migration_jobs
            SET status = 3,
                handed_back_at = clock_timestamp(),
                failure_error_code = NULL,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = NULL,
                updated_at = now()
            WHERE id IN (
                SELECT j.id
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE j.status = 1
                    AND j.lease_token IS NULL
                    AND m.status <> 2
                    AND %s
                ORDER BY j.id
                FOR UPDATE OF j SKIP LOCKED
            )
            """.formatted(RANGE_OF_NUMBERS);

    private JobQueries() {}

    /**
     * A batch job that no worker holds. The dead token belongs to a worker that held it and gives no sign of life; null if there is none.
     */
    public record Due(BatchJob job, @Nullable Long deadToken) {}

    /** The figures of a finished batch job. Those that may be null are null if the container registry made the batch job. */
    public record Figures(
            long minValue,
            long maxValue,
            @Nullable Long covered,
            @Nullable Long busyMillis,
            @Nullable Integer subBatchSize) {
        /** Returns the rows that the batch job covered, 0 if nobody counted them. */
        public long rows() {
            return covered == null ? 0 : covered;
        }
    }

    /** A batch job that used up its attempts. */
    public record Exhausted(
            BatchJob job,
            @Nullable String errorClass,
            @Nullable String sqlState,
            @Nullable String message) {}

    public static List<Due> due(Connection connection, long migrationId, int limit) throws SQLException {
        return Jdbc.list(
                connection,
                DUE,
                row -> new Due(JobQueries.job(row), ResultSets.nullable(row, "lease_token")),
                migrationId,
                limit);
    }

    public static long unfinished(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, UNFINISHED, row -> row.getLong("unfinished"), migrationId);
    }

    /** Returns the figures of the last finished batch jobs, the newest first. */
    public static List<Figures> recent(Connection connection, long migrationId) throws SQLException {
        return Jdbc.list(
                connection,
                RECENT,
                row -> {
                    Long subBatchSize = ResultSets.nullable(row, "sub_batch_size");
                    return new Figures(
                            row.getLong("min_value"),
                            row.getLong("max_value"),
                            ResultSets.nullable(row, "covered_tuple_count"),
                            ResultSets.nullable(row, "busy_ms"),
                            subBatchSize == null ? null : Math.toIntExact(subBatchSize));
                },
                migrationId);
    }

    /** Returns whether a migration has a batch job whose last attempt failed. */
    public static boolean anyFailed(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, ANY_FAILED, row -> row.getBoolean("found"), migrationId);
    }

    public static Optional<Exhausted> exhausted(Connection connection, long migrationId, int maxAttempts)
            throws SQLException {
        return Jdbc.first(
                connection,
                EXHAUSTED,
                row -> new Exhausted(
                        JobQueries.job(row),
                        row.getString("failure_class"),
                        row.getString("failure_sqlstate"),
                        row.getString("failure_message")),
                migrationId,
                maxAttempts);
    }

    public static List<Long> retryDue(Connection connection, long migrationId, int limit) throws SQLException {
        return Jdbc.list(connection, RETRY_DUE, row -> row.getLong("id"), migrationId, limit);
    }

    /** Gives an abandoned batch job a smaller sub-batch size, sets its attempts, and moves its cursor; a null key leaves the cursor. */
    public static boolean narrow(
            Connection connection, long jobId, int attempts, @Nullable Key lastKey, int subBatchSize)
            throws SQLException {
        return Jdbc.update(connection, NARROW, attempts, KeyJson.write(lastKey), subBatchSize, jobId) == 1;
    }

    /** Gives the failed batch jobs of a migration all their attempts back at once, and returns how many there are. */
    public static long retryFailed(Connection connection, long migrationId) throws SQLException {
        return Jdbc.update(connection, RETRY_FAILED, migrationId);
    }

    /** Makes one failed batch job active again, with all its attempts; returns the id of its migration, or nothing if it has not failed. */
    public static List<Long> retryOne(Connection connection, long jobId) throws SQLException {
        return Jdbc.list(connection, RETRY_ONE, row -> row.getLong("migration_id"), jobId);
    }

    /** Makes batch jobs that nobody holds {@link #HANDED_BACK}, and returns how many there are. */
    public static long handOver(Connection connection) throws SQLException {
        return Jdbc.update(connection, HAND_OVER);
    }

    public static void forgetAttempts(Connection connection, long migrationId) throws SQLException {
        Jdbc.update(connection, FORGET_ATTEMPTS, migrationId);
    }

    /** Reads a batch job from {@link #COLUMNS}. */
    public static BatchJob job(ResultSet row) throws SQLException {
        return new BatchJob(
                row.getLong("j_id"),
                row.getLong("j_migration_id"),
                ResultSets.nullable(row, "j_walk_id"),
                new BatchJob.Range(
                        row.getLong("j_min_value"),
                        row.getLong("j_max_value"),
                        KeyJson.read(row.getString("j_after_key")),
                        KeyJson.read(row.getString("j_through_key"))),
                JobStatus.of(row.getInt("j_status")),
                row.getInt("j_attempts"),
                KeyJson.read(row.getString("j_last_key")),
                ResultSets.integer(row, "j_sub_batch_size"),
                row.getLong("j_covered_tuple_count"),
                row.getLong("j_migrated_tuple_count"),
                row.getString("j_lease_owner"),
                row.getInt("j_takeover_count"));
    }
}
