package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.MigrationDefinition;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.Timeline;

/** Statements on {@code batched_background_migrations}. Each change of a status names the statuses from which it may start. */
public final class MigrationQueries {
    /** The columns of a {@link BatchedMigration}, from a table aliased {@code m}. */
    public static final String COLUMNS = """
            m.id AS m_id, m.name AS m_name, m.status AS m_status, m.job_signature_name AS m_job_signature_name,
            m.table_name AS m_table_name, m.column_name AS m_column_name, m.batching_strategy AS m_batching_strategy,
            m.min_value AS m_min_value, m.max_value AS m_max_value, m.batch_size AS m_batch_size,
            m.batch_size_fixed AS m_batch_size_fixed, m.batch_size_min AS m_batch_size_min,
            m.batch_size_max AS m_batch_size_max, m.sub_batch_size_min AS m_sub_batch_size_min,
            m.sub_batch_size_max AS m_sub_batch_size_max, m.quarantine_limit AS m_quarantine_limit,
            m.verified_at AS m_verified_at, m.arguments AS m_arguments,
            m.total_tuple_count AS m_total_tuple_count, m.started_at AS m_started_at, m.finished_at AS m_finished_at,
            m.code_missing_since AS m_code_missing_since, m.failure_error_code AS m_failure_error_code,
            m.failure_class AS m_failure_class, m.failure_sqlstate AS m_failure_sqlstate,
            m.failure_message AS m_failure_message
            """;

    private static final String FIND = "SELECT " + COLUMNS + """
            FROM batched_background_migrations m
            WHERE m.id = ?
            """;

    private static final String LIST = "SELECT " + COLUMNS + """
            FROM batched_background_migrations m
            WHERE cardinality(?::text[]) = 0
                OR m.name = ANY (?::text[])
            ORDER BY m.id
            """;

    private static final String NAMES = """
            SELECT name
            FROM batched_background_migrations
            ORDER BY id
            """;

    private static final String SET_STATUS = """
            WITH before AS (
                SELECT id, name, status
                FROM batched_background_migrations
                WHERE status = ANY (?::smallint[])
                    AND (cardinality(?::text[]) = 0 OR name = ANY (?::text[]))
                ORDER BY id
                FOR NO KEY UPDATE
            )
            UPDATE batched_background_migrations m
            SET status = ?,
                updated_at = now()
            FROM before
            WHERE m.id = before.id
            RETURNING before.name, before.status
            """;

    private static final String START_RUNNING = """
            UPDATE batched_background_migrations
            SET status = 4, -- running
                started_at = now(),
                updated_at = now()
            WHERE id = ?
                AND status = 1
            """;

    private static final String FINISH = """
            UPDATE batched_background_migrations
            SET status = 2, -- finished
                started_at = coalesce(started_at, now()),
                finished_at = now(),
                verified_at = CASE WHEN ? THEN now() END,
                verifiable = ?,
                updated_at = now(),
                code_missing_since = NULL
            WHERE id = ?
                AND status IN (1, 4)
            """;

    private static final String FAIL = """
            UPDATE batched_background_migrations
            SET status = 3, -- failed
                failure_error_code = ?,
                failure_class = ?,
                failure_sqlstate = ?,
                failure_message = ?,
                updated_at = now()
            WHERE id = ?
                AND status IN (1, 4)
            """;

    // For a migration that failed and was set to active again. The caller also forgets the attempts of its batch jobs.
    private static final String FORGET_FAILURE = """
            UPDATE batched_background_migrations
            SET failure_error_code = NULL,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = NULL,
                code_missing_since = NULL,
                started_at = now(),
                updated_at = now()
            WHERE id = ?
                AND status IN (1, 4)
            """;

    private static final String REOPEN = """
            UPDATE batched_background_migrations
            SET started_at = now(),
                finished_at = NULL,
                verified_at = NULL,
                updated_at = now()
            WHERE id = ?
                AND status IN (1, 4)
                AND finished_at IS NOT NULL
            """;

    // Only failures of this engine have a message. A migration that the container registry's own software failed is
    // left to a person.
    private static final String RETRY_WITH_CODE = """
            UPDATE batched_background_migrations
            SET status = 1, -- active
                failure_error_code = NULL,
                failure_class = NULL,
                failure_sqlstate = NULL,
                failure_message = NULL,
                code_missing_since = NULL,
                updated_at = now()
            WHERE id = ?
                AND status = 3
                AND failure_error_code IN (3, 5)
                AND failure_message IS NOT NULL
            """;

    // The row keeps its failure. That shows the planner that the migration had failed, so it forgets the failure and
    // the attempts.
    private static final String RETRY = """
            UPDATE batched_background_migrations
            SET status = 1, -- active
                updated_at = now()
            WHERE id = ?
                AND status = 3
            """;

    private static final String SET_VERIFIED = """
            UPDATE batched_background_migrations
            SET verified_at = now(),
                verifiable = true
            WHERE id = ?
                AND status = 2
            """;

    private static final String SET_UNVERIFIED = """
            UPDATE batched_background_migrations
            SET verified_at = NULL
            WHERE id = ?
                AND status = 2
                AND verified_at IS NOT NULL
            """;

    private static final String NOTE_MISSING_CODE = """
            UPDATE batched_background_migrations
            SET code_missing_since = coalesce(code_missing_since, clock_timestamp()),
                updated_at = now()
            WHERE id = ?
            RETURNING code_missing_since, clock_timestamp() - code_missing_since >= make_interval(secs => ?) AS expired
            """;

    private static final String CLEAR_MISSING_CODE = """
            UPDATE batched_background_migrations
            SET code_missing_since = NULL,
                updated_at = now()
            WHERE id = ?
            """;

    private static final String SET_TOTAL = """
            UPDATE batched_background_migrations
            SET total_tuple_count = ?
            WHERE id = ?
                AND total_tuple_count IS NULL
            """;

    private static final String SET_PRIORITY = """
            UPDATE batched_background_migrations
            SET priority = ?,
                updated_at = now()
            WHERE name = ?
                AND priority <> ?
            """;

    /** SQL condition that a migration, aliased {@code m}, is to run after one that is not finished. */
    public static final String RUNS_LATER = """
            EXISTS (
                SELECT
                FROM unnest(m.run_after) AS before
                WHERE NOT EXISTS (
                    SELECT FROM batched_background_migrations p WHERE p.name = before AND p.status = 2
                )
            )
            """.strip();

    private static final String HAS_WORK = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migrations m
                WHERE m.status IN (1, 4)
                    OR %s
            ) AS has_work
            """.formatted(Contradictions.FOUND);

    private MigrationQueries() {}

    public static Optional<BatchedMigration> find(Connection connection, long id) throws SQLException {
        return Jdbc.first(connection, FIND, MigrationQueries::migration, id);
    }

    public static List<BatchedMigration> list(Connection connection, Collection<String> names) throws SQLException {
        String[] array = names.toArray(String[]::new);
        return Jdbc.list(connection, LIST, MigrationQueries::migration, array, array);
    }

    public static List<String> names(Connection connection) throws SQLException {
        return Jdbc.list(connection, NAMES, row -> row.getString("name"));
    }

    /**
     * Sets the status of migrations that have one of the given statuses, and returns what was changed.
     *
     * @param names the names of the migrations; empty for all
     */
    public static List<StatusChange> setStatus(
            Connection connection, Collection<String> names, List<MigrationStatus> from, MigrationStatus to)
            throws SQLException {
        String[] array = names.toArray(String[]::new);
        Short[] codes = from.stream().map(status -> (short) status.code()).toArray(Short[]::new);
        return Jdbc.list(
                connection,
                SET_STATUS,
                row -> new StatusChange(row.getString("name"), MigrationStatus.of(row.getInt("status")), to),
                codes,
                array,
                array,
                to.code());
    }

    public static boolean startRunning(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, START_RUNNING, id) == 1;
    }

    /**
     * Finishes a migration and returns it; empty if it was neither active nor running.
     *
     * @param verified whether it is proved that no row is left
     */
    public static Optional<BatchedMigration> finish(Connection connection, long id, boolean verified)
            throws SQLException {
        return Jdbc.update(connection, FINISH, verified, verified, id) == 1 ? find(connection, id) : Optional.empty();
    }

    /** Fails a migration and returns it; empty if it was neither active nor running. */
    public static Optional<BatchedMigration> fail(Connection connection, long id, Failure failure) throws SQLException {
        boolean failed = Jdbc.update(
                        connection,
                        FAIL,
                        failure.code().code(),
                        failure.errorClass(),
                        failure.sqlState(),
                        failure.message(),
                        id)
                == 1;
        return failed ? find(connection, id) : Optional.empty();
    }

    public static boolean forgetFailure(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, FORGET_FAILURE, id) == 1;
    }

    /** Clears the end of a migration that was finished and is active again; returns whether there was one to clear. */
    public static boolean reopen(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, REOPEN, id) == 1;
    }

    public static boolean retryWithCode(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, RETRY_WITH_CODE, id) == 1;
    }

    /** Makes a failed migration active; returns false if it has not failed. */
    public static boolean retry(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, RETRY, id) == 1;
    }

    /** Records that no row of a finished migration is left; returns false if the migration is not finished. */
    public static boolean setVerified(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, SET_VERIFIED, id) == 1;
    }

    /** Forgets the proof of a finished migration; returns whether there was one. */
    public static boolean setUnverified(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, SET_UNVERIFIED, id) == 1;
    }

    /** Since when the code of a migration is missing, and whether that is longer than it may be. */
    public record MissingCode(Instant since, boolean expired) {}

    public static MissingCode noteMissingCode(Connection connection, long id, double graceSeconds) throws SQLException {
        return Jdbc.one(
                connection,
                NOTE_MISSING_CODE,
                row -> new MissingCode(
                        row.getObject("code_missing_since", OffsetDateTime.class)
                                .toInstant(),
                        row.getBoolean("expired")),
                id,
                graceSeconds);
    }

    public static void clearMissingCode(Connection connection, long id) throws SQLException {
        Jdbc.update(connection, CLEAR_MISSING_CODE, id);
    }

    public static void setTotal(Connection connection, long id, long tuples) throws SQLException {
        Jdbc.update(connection, SET_TOTAL, tuples, id);
    }

    public static boolean setPriority(Connection connection, String name, int priority) throws SQLException {
        return Jdbc.update(connection, SET_PRIORITY, priority, name, priority) == 1;
    }

    /**
     * Returns whether any migration is active or running, or is not complete although its status is finished. An idle replica asks this
     * again and again, so it is one statement.
     */
    public static boolean hasWork(Connection connection) throws SQLException {
        return Jdbc.one(connection, HAS_WORK, row -> row.getBoolean("has_work"));
    }

    /** Reads a migration from {@link #COLUMNS}. */
    public static BatchedMigration migration(ResultSet row) throws SQLException {
        MigrationDefinition definition = new MigrationDefinition(
                row.getString("m_job_signature_name"),
                row.getString("m_arguments"),
                row.getString("m_table_name"),
                row.getString("m_column_name"),
                row.getString("m_batching_strategy"));
        BatchSizing sizing = new BatchSizing(
                row.getInt("m_batch_size"),
                row.getBoolean("m_batch_size_fixed"),
                new BatchSizing.Bounds(
                        ResultSets.integer(row, "m_batch_size_min"), ResultSets.integer(row, "m_batch_size_max")),
                new BatchSizing.Bounds(
                        ResultSets.integer(row, "m_sub_batch_size_min"),
                        ResultSets.integer(row, "m_sub_batch_size_max")));
        Timeline timeline = new Timeline(
                ResultSets.instant(row, "m_started_at"),
                ResultSets.instant(row, "m_finished_at"),
                ResultSets.instant(row, "m_verified_at"),
                ResultSets.instant(row, "m_code_missing_since"));
        return new BatchedMigration(
                row.getLong("m_id"),
                row.getString("m_name"),
                MigrationStatus.of(row.getInt("m_status")),
                definition,
                new KeyBounds(row.getLong("m_min_value"), row.getLong("m_max_value")),
                sizing,
                row.getInt("m_quarantine_limit"),
                ResultSets.nullable(row, "m_total_tuple_count"),
                timeline,
                failure(row));
    }

    private static @Nullable Failure failure(ResultSet row) throws SQLException {
        Long code = ResultSets.nullable(row, "m_failure_error_code");
        if (code == null) {
            return null;
        }
        FailureCode known = FailureCode.of(Math.toIntExact(code));
        String message = row.getString("m_failure_message");
        return new Failure(
                known,
                row.getString("m_failure_class"),
                row.getString("m_failure_sqlstate"),
                message == null ? Failure.NO_MESSAGE : message);
    }
}
