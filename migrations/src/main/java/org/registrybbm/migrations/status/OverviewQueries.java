package org.registrybbm.migrations.status;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.internal.tables.Contradictions;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.MigrationStatus;

/** Statements that read how far migrations are and what they wait for. */
public final class OverviewQueries {
    private static final double MOST_BEFORE_FINISHED = 99.9;

    /** True if {@code j} belongs to the first pass of changes: only what that covers is progress. {@code w} is the walk of {@code j}. */
    private static final String OF_FIRST_PASS = "j.walk_id IS NULL OR w.kind = 'change' AND w.pass = 1";

    private static final String CONTRADICTED =
            "set to finished by somebody else while batch jobs are not done; a replica makes it active again, unless it is"
                    + " paused or its row is deleted";

    // Only the sums over finished batch jobs are read, because there may be very many of these. Batch jobs that the
    // container registry's own software finished have no counts of their own; the batch size is taken instead.
    private static final String OVERVIEWS = "SELECT " + MigrationQueries.COLUMNS
            + """
                , m.priority, coalesce(jobs.covered, 0) + coalesce(tallies.covered, 0) AS covered,
                coalesce(jobs.migrated, 0) + coalesce(tallies.migrated, 0) AS migrated,
                coalesce(tallies.finished, 0) AS finished, coalesce(jobs.failed, 0) AS failed,
                jobs.retry_seconds, jobs.blocked_since, jobs.blocked_by, coalesce(jobs.active, 0) AS active,
                coalesce(jobs.takeovers, 0) + coalesce(tallies.takeovers, 0) AS takeovers,
                coalesce(jobs.replicas, '{}') AS replicas,
                %1$s AS contradicted, coalesce(jobs.verifies, false) AS verifies, coalesce(jobs.retries, false) AS retries,
                coalesce(quarantine.waiting, 0) AS quarantined,
                CASE WHEN m.run_after IS NOT NULL THEN ARRAY(
                    SELECT before
                    FROM unnest(m.run_after) WITH ORDINALITY AS given (before, place)
                    WHERE NOT EXISTS (
                        SELECT FROM batched_background_migrations p WHERE p.name = before AND p.status = 2
                    )
                    ORDER BY place
                ) END AS runs_after,
                pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') = 'on' AS read_only
            FROM batched_background_migrations m
            LEFT JOIN (
                SELECT j.batched_background_migration_id AS migration_id,
                    sum(j.covered_tuple_count) FILTER (WHERE %4$s) AS covered,
                    sum(j.migrated_tuple_count) AS migrated,
                    count(*) FILTER (WHERE %2$s) AS failed,
                    count(*) FILTER (WHERE %3$s) AS active,
                    extract(epoch FROM min(j.retry_at) FILTER (WHERE j.status = 3) - clock_timestamp()) AS retry_seconds,
                    min(j.blocked_since) AS blocked_since,
                    (array_agg(j.blocked_by ORDER BY j.blocked_since) FILTER (WHERE j.blocked_since IS NOT NULL))[1]
                        AS blocked_by,
                    sum(j.takeover_count) AS takeovers,
                    bool_or(w.kind = 'verify') AS verifies,
                    bool_or(w.kind = 'retry') AS retries,
                    array_agg(DISTINCT j.lease_owner ORDER BY j.lease_owner)
                        FILTER (WHERE j.lease_until > clock_timestamp()) AS replicas
                FROM batched_background_migration_jobs j
                LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
                WHERE j.status <> 2
                GROUP BY 1
            ) jobs ON jobs.migration_id = m.id
            LEFT JOIN (
                SELECT j.batched_background_migration_id AS migration_id,
                    sum(j.covered_tuple_count + j.uncounted * o.batch_size) FILTER (WHERE %4$s) AS covered,
                    sum(j.migrated_tuple_count) AS migrated,
                    sum(j.finished) AS finished,
                    sum(j.takeovers) AS takeovers
                FROM batched_background_migration_tallies j
                JOIN batched_background_migrations o ON o.id = j.batched_background_migration_id
                LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
                GROUP BY 1
            ) tallies ON tallies.migration_id = m.id
            LEFT JOIN (
                SELECT batched_background_migration_id AS migration_id, count(*) AS waiting
                FROM batched_background_migration_quarantined_rows
                WHERE status = 'quarantined'
                GROUP BY 1
            ) quarantine ON quarantine.migration_id = m.id
            WHERE cardinality(?::text[]) = 0
                OR m.name = ANY (?::text[])
            ORDER BY m.id
            """.formatted(Contradictions.FOUND, JobQueries.FAILED, JobQueries.ACTIVE, OF_FIRST_PASS);

    private OverviewQueries() {}

    public static List<MigrationOverview> list(Connection connection, Collection<String> names) throws SQLException {
        String[] array = names.toArray(String[]::new);
        WaitReasons waits = WaitReasons.of(connection, WaitReasons.LONG_TRANSACTION);
        return Jdbc.list(connection, OVERVIEWS, row -> overview(row, waits), array, array);
    }

    private static MigrationOverview overview(ResultSet row, WaitReasons waits) throws SQLException {
        BatchedMigration migration = MigrationQueries.migration(row);
        long covered = row.getLong("covered");
        long active = row.getLong("active");
        long failed = row.getLong("failed");
        Array array = row.getArray("replicas");
        List<String> replicas = Arrays.asList((String[]) array.getArray());
        Optional<String> later = replicas.isEmpty() ? later(row, migration) : Optional.empty();
        return new MigrationOverview(
                migration,
                row.getInt("priority"),
                row.getBoolean("contradicted") ? estimate(migration, covered) : progress(migration, covered),
                covered,
                row.getLong("migrated"),
                row.getLong("finished"),
                failed,
                active,
                row.getLong("quarantined"),
                row.getLong("takeovers"),
                replicas,
                row.getBoolean("contradicted")
                        ? CONTRADICTED
                        : readOnly(row, migration)
                                .or(() -> later)
                                .orElse(doing(row, migration)
                                        + explain(migration, replicas, active, blocked(row), again(row), waits)));
    }

    /** Says that the database is read-only. No replica can record this reason in a table then, so it is looked up here. */
    private static Optional<String> readOnly(ResultSet row, BatchedMigration migration) throws SQLException {
        if (!migration.status().isRunnable()) {
            return Optional.empty();
        }
        if (row.getBoolean("standby")) {
            return Optional.of("the database is read-only: it is a standby; connect the replicas to the primary");
        }
        return row.getBoolean("read_only")
                ? Optional.of(
                        "the database is read-only: default_transaction_read_only is on for this database or role,"
                                + " so nothing can be changed; run ALTER DATABASE (or ROLE) ... RESET default_transaction_read_only")
                : Optional.empty();
    }

    /** Names the migrations that must be finished before this one starts. */
    private static Optional<String> later(ResultSet row, BatchedMigration migration) throws SQLException {
        Array array = row.getArray("runs_after");
        if (array == null || !migration.status().isRunnable()) {
            return Optional.empty();
        }
        String[] names = (String[]) array.getArray();
        return names.length == 0
                ? Optional.empty()
                : Optional.of("waits for '" + String.join("' and '", names) + "', after which it is to run");
    }

    /** Says what is done now, followed by a comma; the empty text if rows are changed, which is the usual work. */
    private static String doing(ResultSet row, BatchedMigration migration) throws SQLException {
        if (!migration.status().isRunnable() || migration.timeline().codeMissingSince() != null) {
            return "";
        }
        if (row.getBoolean("retries")) {
            return "trying quarantined rows again, ";
        }
        return row.getBoolean("verifies") ? "verifying, " : "";
    }

    static OptionalDouble progress(BatchedMigration migration, long covered) {
        if (migration.status() == MigrationStatus.FINISHED) {
            return OptionalDouble.of(100);
        }
        return estimate(migration, covered);
    }

    private static OptionalDouble estimate(BatchedMigration migration, long covered) {
        Long total = migration.totalTupleCount();
        if (total == null || total <= 0) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(Math.min(MOST_BEFORE_FINISHED, 100.0 * covered / total));
    }

    private static String explain(
            BatchedMigration migration,
            List<String> replicas,
            long active,
            Optional<String> blocked,
            Optional<String> again,
            WaitReasons waits) {
        return switch (migration.status()) {
            case PAUSED -> "paused; set it to active to go on";
            case FINISHED ->
                migration.timeline().verifiedAt() == null
                        ? "every batch is done" + within(migration) + "; not verified"
                        : "every batch is done, and it was verified that no row is left" + within(migration);
            case FAILED -> failed(migration.failure());
            case ACTIVE, RUNNING -> {
                if (migration.timeline().codeMissingSince() != null) {
                    yield "no replica that looked has the code of its work function or strategy, since "
                            + migration.timeline().codeMissingSince();
                }
                if (!replicas.isEmpty()) {
                    yield "running on " + String.join(", ", replicas) + waits.pace(migration.id())
                            + blocked.map(text -> ", and a batch job " + text).orElse("");
                }
                Optional<String> waiting =
                        blocked.or(() -> waits.trouble(migration.id())).or(() -> waits.why(migration.id()));
                if (waiting.isPresent()) {
                    yield waiting.get();
                }
                if (active > 0) {
                    yield "waits for a worker that is free";
                }
                yield again.orElse("waits for its turn");
            }
        };
    }

    /** Names the bounds, because rows outside of them were not changed; the empty text if the bounds leave out no key. */
    private static String within(BatchedMigration migration) {
        boolean whole = migration.bounds().areAll()
                || migration.bounds().equals(KeyBounds.NONE)
                || migration.definition().strategy() != null;
        return whole
                ? ""
                : " from min_value %d to max_value %d"
                        .formatted(
                                migration.bounds().first(), migration.bounds().last());
    }

    /** Says whose lock a batch job waits for, if it waits for one. */
    private static Optional<String> blocked(ResultSet row) throws SQLException {
        Instant since = ResultSets.instant(row, "blocked_since");
        String by = row.getString("blocked_by");
        return since == null
                ? Optional.empty()
                : Optional.of("has waited since " + since.truncatedTo(ChronoUnit.SECONDS) + " for a lock of "
                        + (by == null ? "another transaction" : by));
    }

    private static Optional<String> again(ResultSet row) throws SQLException {
        long failed = row.getLong("failed");
        long seconds = (long) Math.ceil(row.getDouble("retry_seconds"));
        return failed == 0
                ? Optional.empty()
                : Optional.of("waits to try " + failed + " failed batch job" + (failed == 1 ? "" : "s") + " again"
                        + (seconds > 0 ? ", the first in " + seconds + " s" : ""));
    }

    private static String failed(@Nullable Failure failure) {
        return failure == null
                ? "failed; no reason was recorded"
                : failure.code().word() + ": " + failure.message();
    }
}
