package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.Failure;

/** Statements on {@code batched_background_migration_jobs} that do not need its lease. */
public final class JobQueries {
    /** The columns of a {@link BatchJob}, of a table aliased {@code j}. */
    static final String COLUMNS = """
            j.id AS j_id, j.batched_background_migration_id AS j_migration_id, j.min_value AS j_min_value,
            j.max_value AS j_max_value, j.status AS j_status, j.attempts AS j_attempts,
            (j.last_key ->> 0)::bigint AS j_last_key, j.sub_batch_size AS j_sub_batch_size,
            j.covered_tuple_count AS j_covered_tuple_count, j.migrated_tuple_count AS j_migrated_tuple_count,
            j.lease_owner AS j_lease_owner, j.takeover_count AS j_takeover_count
            """;

    // The key of the advisory lock that a sub-batch's transaction holds, for the batch job whose id follows.
    static final String IN_FLIGHT_KEY = "hashtextextended('org.registrybbm: a sub-batch is in flight', %s)";

    // Batch jobs that a worker holds: its lease has not run out and its replica's session, where the lease names one,
    // is
    // there; or it is inside a sub-batch, however long that takes. Without leases, the locks are not read.
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

    // The partial index holds unfinished batch jobs only, so this costs the same however many are finished.
    private static final String CANDIDATES = WITH_HELD + """
            SELECT (SELECT count(*) FROM held) AS fleet_leased,
                (SELECT count(*) FROM held WHERE held.migration_id = m.id) AS leased,
            """ + MigrationQueries.COLUMNS + """
            FROM batched_background_migrations m
            WHERE m.status IN (1, 4)
                OR (m.status = 3 AND m.failure_error_code IN (3, 5) AND m.failure_message IS NOT NULL)
            ORDER BY m.status = 4 DESC, m.id
            """;

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

    private static final String LAST_MAX = """
            SELECT max(max_value) AS max_value
            FROM batched_background_migration_jobs
            WHERE batched_background_migration_id = ?
            """;

    // What the newest batch jobs looked like: the next one's sizes follow from them.
    private static final String NEWEST = """
            SELECT status, covered_tuple_count, migrated_tuple_count, busy_ms, sub_batch_size, started_at
            FROM batched_background_migration_jobs
            WHERE batched_background_migration_id = ?
            ORDER BY id DESC
            LIMIT 8
            """;

    // Each comparison is one that cannot overflow at the ends of bigint.
    private static final String FIRST_GAP = """
            WITH ranges AS (
                SELECT min_value,
                    max(max_value) OVER (
                        ORDER BY min_value, max_value
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS reached
                FROM batched_background_migration_jobs
                WHERE batched_background_migration_id = ?
            )
            SELECT greatest(coalesce(reached + 1, m.min_value), m.min_value) AS first, ranges.min_value - 1 AS last
            FROM ranges
            JOIN batched_background_migrations m ON m.id = ?
            WHERE CASE
                    WHEN ranges.min_value <= m.min_value THEN false
                    WHEN reached IS NULL THEN true
                    WHEN reached >= ranges.min_value THEN false
                    ELSE reached + 1 < ranges.min_value
                END
            ORDER BY ranges.min_value
            LIMIT 1
            """;

    private static final String CUT = """
            INSERT INTO batched_background_migration_jobs
                (batched_background_migration_id, min_value, max_value, status, sub_batch_size)
            VALUES (?, ?, ?, 1, ?)
            RETURNING id
            """;

    private static final String EXHAUSTED = """
            SELECT id, attempts, failure_class, failure_sqlstate, failure_message, min_value, max_value
            FROM batched_background_migration_jobs
            WHERE batched_background_migration_id = ?
                AND status = 3
                AND attempts >= ?
            ORDER BY id
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

    private static final String FAIL_DEAD = WITH_HELD + """
            UPDATE batched_background_migration_jobs
            SET status = 3,
                failure_error_code = ?,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = ?,
                lease_token = NULL,
                lease_until = NULL,
                updated_at = now()
            WHERE id = ?
                AND status = 1
                AND id NOT IN (SELECT id FROM held)
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

    /**
     * A migration that may have something to do.
     *
     * @param leased its batch jobs that a worker holds
     * @param fleetLeased batch jobs of any migration that a worker holds
     */
    public record Candidate(BatchedMigration migration, int leased, int fleetLeased) {}

    /** A batch job that no worker holds; the dead token is that of a worker that held it and gives no sign of life. */
    public record DueJob(BatchJob job, @Nullable Long deadToken) {}

    /** The newest batch job's figures, null where the container registry made it. */
    public record Figures(
            int status,
            @Nullable Long covered,
            @Nullable Long migrated,
            @Nullable Long busyMillis,
            @Nullable Integer subBatchSize,
            @Nullable Instant startedAt) {
        /** Returns whether it was started at or after a moment, and changed no row. */
        boolean changedNothingSince(Instant moment) {
            return migrated != null && migrated == 0 && startedAt != null && !startedAt.isBefore(moment);
        }
    }

    /** A batch job that used up its attempts. */
    public record Exhausted(
            long id,
            int attempts,
            @Nullable String errorClass,
            @Nullable String sqlState,
            @Nullable String message,
            long minValue,
            long maxValue) {}

    public static List<Candidate> candidates(Connection connection) throws SQLException {
        return Sql.list(
                connection,
                CANDIDATES,
                row -> new Candidate(Rows.migration(row), row.getInt("leased"), row.getInt("fleet_leased")));
    }

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

    public static OptionalLong lastMax(Connection connection, long migrationId) throws SQLException {
        Long max = Sql.one(
                        connection, LAST_MAX, row -> Optional.ofNullable(Rows.nullable(row, "max_value")), migrationId)
                .orElse(null);
        return max == null ? OptionalLong.empty() : OptionalLong.of(max);
    }

    public static List<Figures> newest(Connection connection, long migrationId) throws SQLException {
        return Sql.list(
                connection,
                NEWEST,
                row -> {
                    Long subBatchSize = Rows.nullable(row, "sub_batch_size");
                    return new Figures(
                            row.getInt("status"),
                            Rows.nullable(row, "covered_tuple_count"),
                            Rows.nullable(row, "migrated_tuple_count"),
                            Rows.nullable(row, "busy_ms"),
                            subBatchSize == null ? null : Math.toIntExact(subBatchSize),
                            Rows.instant(row, "started_at"));
                },
                migrationId);
    }

    /** Finds the first range from a lower bound on that lies before or between batch jobs and that none of them covers. */
    static Optional<BatchingStrategy.Bounds> firstGap(Connection connection, long migrationId) throws SQLException {
        return Sql.first(
                connection,
                FIRST_GAP,
                row -> new BatchingStrategy.Bounds(row.getLong("first"), row.getLong("last")),
                migrationId,
                migrationId);
    }

    public static long cut(
            Connection connection, long migrationId, long minValue, long maxValue, @Nullable Integer subBatchSize)
            throws SQLException {
        return Sql.one(connection, CUT, row -> row.getLong("id"), migrationId, minValue, maxValue, subBatchSize);
    }

    public static Optional<Exhausted> exhausted(Connection connection, long migrationId, int maxAttempts)
            throws SQLException {
        return Sql.first(
                connection,
                EXHAUSTED,
                row -> new Exhausted(
                        row.getLong("id"),
                        row.getInt("attempts"),
                        row.getString("failure_class"),
                        row.getString("failure_sqlstate"),
                        row.getString("failure_message"),
                        row.getLong("min_value"),
                        row.getLong("max_value")),
                migrationId,
                maxAttempts);
    }

    public static List<Long> retryDue(Connection connection, long migrationId, int limit) throws SQLException {
        return Sql.list(connection, RETRY_DUE, row -> row.getLong("id"), migrationId, limit);
    }

    public static boolean failDead(Connection connection, long jobId, Failure failure) throws SQLException {
        return Sql.update(connection, FAIL_DEAD, failure.code().code(), failure.message(), jobId) == 1;
    }

    public static void forgetAttempts(Connection connection, long migrationId) throws SQLException {
        Sql.update(connection, FORGET_ATTEMPTS, migrationId);
    }
}
