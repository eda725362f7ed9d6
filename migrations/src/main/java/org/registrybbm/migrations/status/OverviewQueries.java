package org.registrybbm.migrations.status;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
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

    private static final Reason CONTRADICTED = Reason.of(
            Reason.Code.REOPENING,
            "set to finished by somebody else while batch jobs or quarantined rows are left; a replica makes it active again, unless it is"
                    + " paused or its row is deleted");
    private static final Set<FailureCode> OF_ROWS =
            EnumSet.of(FailureCode.QUARANTINED_ROWS, FailureCode.QUARANTINE_FULL);

    // Only the sums over finished batch jobs are read, because there may be very many of these. Batch jobs that the
    // container registry's own software finished have no counts of their own; the batch size is taken instead.
    private static final String OVERVIEWS = "SELECT " + MigrationQueries.COLUMNS
            + """
                , m.priority, coalesce(jobs.covered, 0) + coalesce(tallies.covered, 0) AS covered,
                coalesce(jobs.migrated, 0) + coalesce(tallies.migrated, 0) AS migrated,
                coalesce(tallies.finished, 0) AS finished, coalesce(jobs.failed, 0) AS failed,
                jobs.retry_seconds, jobs.failure_message AS newest_failure, jobs.blocked_since, jobs.blocked_by, coalesce(jobs.active, 0) AS active,
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
                pause.at AS paused_at, pause.actor AS paused_by, pause.via AS paused_via, pause.reason AS paused_reason,
                pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') = 'on' AS read_only
            FROM batched_background_migrations m
            LEFT JOIN (
                SELECT j.batched_background_migration_id AS migration_id,
                    sum(j.covered_tuple_count) FILTER (WHERE %4$s) AS covered,
                    sum(j.migrated_tuple_count) AS migrated,
                    count(*) FILTER (WHERE %2$s) AS failed,
                    count(*) FILTER (WHERE %3$s) AS active,
                    extract(epoch FROM min(j.retry_at) FILTER (WHERE j.status = 3) - clock_timestamp()) AS retry_seconds,
                    (array_agg(j.failure_message ORDER BY j.updated_at DESC NULLS LAST) FILTER (WHERE j.status = 3))[1]
                        AS failure_message,
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
            LEFT JOIN LATERAL (
                SELECT e.at, e.actor, e.via, e.reason
                FROM batched_background_migration_events e
                WHERE m.status = 0
                    AND e.batched_background_migration_id = m.id
                    AND e.event = 'paused'
                ORDER BY e.id DESC
                LIMIT 1
            ) pause ON true
            WHERE cardinality(?::text[]) = 0
                OR m.name = ANY (?::text[])
            ORDER BY m.id
            """.formatted(Contradictions.FOUND, JobQueries.FAILED, JobQueries.ACTIVE, OF_FIRST_PASS);

    private OverviewQueries() {}

    public static List<MigrationOverview> list(Connection connection, Collection<String> names) throws SQLException {
        String[] array = names.toArray(String[]::new);
        WaitReasons waits = WaitReasons.of(connection, WaitReasons.LONG_TRANSACTION);
        List<MigrationOverview> all =
                Jdbc.list(connection, OVERVIEWS, row -> overview(connection, row, waits), array, array);
        List<Long> atWork = all.stream()
                .filter(one -> one.reason().code() == Reason.Code.RUNNING)
                .map(one -> one.migration().id())
                .toList();
        Map<Long, List<Pace.Step>> steps = SampleQueries.steps(connection, atWork);
        return all.stream()
                .map(one -> paced(one, steps.getOrDefault(one.migration().id(), List.of())))
                .toList();
    }

    private static MigrationOverview paced(MigrationOverview one, List<Pace.Step> steps) {
        return Pace.isStalled(steps)
                ? one.because(Reason.of(
                                Reason.Code.STALLED,
                                one.explanation()
                                        + ", but no row was looked at in its last quarter of an hour at work; its batch jobs may tell why")
                        .endedBy("jobs " + Reason.typed(one.migration().name())))
                : one.at(Pace.of(steps, left(one)));
    }

    private static Optional<Long> left(MigrationOverview one) {
        return one.expectedTupleCount().isPresent() && one.expectedTupleCount().getAsLong() > one.coveredTupleCount()
                ? Optional.of(one.expectedTupleCount().getAsLong() - one.coveredTupleCount())
                : Optional.empty();
    }

    /** Returns how many rows there are about, when the migration began, or by the size of the table if nobody knew then. */
    private static OptionalLong expected(Connection connection, BatchedMigration migration, long covered)
            throws SQLException {
        Long total = migration.totalTupleCount();
        if (total != null && total > 0) {
            return OptionalLong.of(total);
        }
        // Of a part of the table nobody knows how large it is. Before they begin, nobody asks.
        return covered > 0
                        && migration.status().isRunnable()
                        && migration.bounds().last() == Long.MAX_VALUE
                ? StatisticsQueries.counted(connection, migration.definition().table())
                : OptionalLong.empty();
    }

    private static MigrationOverview overview(Connection connection, ResultSet row, WaitReasons waits)
            throws SQLException {
        BatchedMigration migration = MigrationQueries.migration(row);
        long covered = row.getLong("covered");
        OptionalLong expected = expected(connection, migration, covered);
        long active = row.getLong("active");
        long failed = row.getLong("failed");
        Array array = row.getArray("replicas");
        List<String> replicas = Arrays.asList((String[]) array.getArray());
        Optional<Reason.Code> work = work(row, migration);
        Optional<String> blocked = blocked(row);
        Optional<Reason> again = again(row, migration);
        String paused = paused(row);
        Optional<Reason> later = replicas.isEmpty() ? later(row, migration) : Optional.empty();
        return new MigrationOverview(
                migration,
                row.getInt("priority"),
                row.getBoolean("contradicted") ? estimate(expected, covered) : progress(migration, expected, covered),
                expected,
                covered,
                row.getLong("migrated"),
                row.getLong("finished"),
                failed,
                active,
                row.getLong("quarantined"),
                row.getLong("takeovers"),
                replicas,
                Optional.empty(),
                row.getBoolean("contradicted")
                        ? CONTRADICTED
                        : readOnly(row, migration)
                                .or(() -> later)
                                .orElseGet(() -> doing(
                                        work, explain(migration, paused, replicas, active, blocked, again, waits))));
    }

    /** Says that the database is read-only. No replica can record this reason in a table then, so it is looked up here. */
    private static Optional<Reason> readOnly(ResultSet row, BatchedMigration migration) throws SQLException {
        if (!migration.status().isRunnable()) {
            return Optional.empty();
        }
        if (row.getBoolean("standby")) {
            return Optional.of(Reason.of(
                    Reason.Code.READ_ONLY,
                    "the database is read-only: it is a standby; connect the replicas to the primary"));
        }
        return row.getBoolean("read_only")
                ? Optional.of(
                        Reason.of(
                                Reason.Code.READ_ONLY,
                                "the database is read-only: default_transaction_read_only is on for this database or role,"
                                        + " so nothing can be changed; run ALTER DATABASE (or ROLE) ... RESET default_transaction_read_only"))
                : Optional.empty();
    }

    /** Names the migrations that must be finished before this one starts. */
    private static Optional<Reason> later(ResultSet row, BatchedMigration migration) throws SQLException {
        Array array = row.getArray("runs_after");
        if (array == null || !migration.status().isRunnable()) {
            return Optional.empty();
        }
        String[] names = (String[]) array.getArray();
        return names.length == 0
                ? Optional.empty()
                : Optional.of(Reason.of(
                                Reason.Code.WAITS_MIGRATION,
                                "waits for '" + String.join("' and '", names) + "', after which it is to run")
                        .endedBy("status", names[0]));
    }

    /** Says which unusual work is done now; empty if rows are changed, which is the usual one. */
    private static Optional<Reason.Code> work(ResultSet row, BatchedMigration migration) throws SQLException {
        if (!migration.status().isRunnable() || migration.timeline().codeMissingSince() != null) {
            return Optional.empty();
        }
        if (row.getBoolean("retries")) {
            return Optional.of(Reason.Code.RETRYING_ROWS);
        }
        return row.getBoolean("verifies") ? Optional.of(Reason.Code.VERIFYING) : Optional.empty();
    }

    private static Reason doing(Optional<Reason.Code> work, Reason reason) {
        if (work.isEmpty()) {
            return reason;
        }
        String verb = work.get() == Reason.Code.VERIFYING ? "verifying, " : "trying quarantined rows again, ";
        Reason.Code code = reason.code() == Reason.Code.RUNNING ? work.get() : reason.code();
        return new Reason(code, verb + reason.sentence(), reason.command());
    }

    private static OptionalDouble progress(BatchedMigration migration, OptionalLong expected, long covered) {
        if (migration.status() == MigrationStatus.FINISHED) {
            return OptionalDouble.of(100);
        }
        return estimate(expected, covered);
    }

    private static OptionalDouble estimate(OptionalLong expected, long covered) {
        if (covered == 0) {
            return OptionalDouble.of(0);
        }
        return expected.isEmpty() || expected.getAsLong() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(Math.min(MOST_BEFORE_FINISHED, 100.0 * covered / expected.getAsLong()));
    }

    /** Says who paused it, how, when and why, as far as that is known. */
    private static String paused(ResultSet row) throws SQLException {
        Instant at = ResultSets.instant(row, "paused_at");
        if (at == null) {
            return "paused; set it to active to go on";
        }
        String reason = row.getString("paused_reason");
        return "paused by " + row.getString("paused_by") + " (" + row.getString("paused_via") + ") at "
                + at.truncatedTo(ChronoUnit.SECONDS) + (reason == null ? "" : ": " + reason);
    }

    private static Reason explain(
            BatchedMigration migration,
            String paused,
            List<String> replicas,
            long active,
            Optional<String> blocked,
            Optional<Reason> again,
            WaitReasons waits) {
        return switch (migration.status()) {
            case PAUSED -> Reason.of(Reason.Code.PAUSED, paused).endedBy("start", migration.name());
            case FINISHED -> finished(migration);
            case FAILED -> failed(migration.name(), migration.failure());
            case ACTIVE, RUNNING -> {
                if (migration.timeline().codeMissingSince() != null) {
                    yield Reason.of(
                            Reason.Code.MISSING_CODE,
                            "no replica that looked has the code of its work function or strategy, since "
                                    + migration.timeline().codeMissingSince().truncatedTo(ChronoUnit.SECONDS));
                }
                if (!replicas.isEmpty()) {
                    yield Reason.of(
                            blocked.isPresent() ? Reason.Code.LOCK_WAIT : Reason.Code.RUNNING,
                            "running on " + String.join(", ", replicas) + waits.pace(migration.id())
                                    + blocked.map(text -> ", and a batch job " + text)
                                            .orElse(""));
                }
                yield blocked.map(text -> Reason.of(Reason.Code.LOCK_WAIT, text))
                        .or(() -> waits.trouble(migration.id()))
                        .or(() -> waits.why(migration.id()))
                        .or(() -> active > 0 ? Optional.empty() : again)
                        .orElseGet(() -> waits.turn(active));
            }
        };
    }

    private static Reason finished(BatchedMigration migration) {
        return migration.timeline().verifiedAt() == null
                ? Reason.of(Reason.Code.UNVERIFIED, "every batch is done" + within(migration) + "; not verified")
                        .endedBy("verify", migration.name())
                : Reason.of(
                        Reason.Code.VERIFIED,
                        "every batch is done, and it was verified that no row is left" + within(migration));
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

    private static Optional<Reason> again(ResultSet row, BatchedMigration migration) throws SQLException {
        long failed = row.getLong("failed");
        long seconds = (long) Math.ceil(row.getDouble("retry_seconds"));
        String message = row.getString("newest_failure");
        return failed == 0
                ? Optional.empty()
                : Optional.of(Reason.of(
                                Reason.Code.RETRY_BACKOFF,
                                "waits to try " + failed + " failed batch job" + (failed == 1 ? "" : "s") + " again"
                                        + (seconds > 0 ? ", the first in " + seconds + " s" : "")
                                        + (message == null ? "" : ": " + message))
                        .endedBy("retry", migration.name()));
    }

    /** Says why a migration failed, and what to type. */
    public static Reason failed(String name, @Nullable Failure failure) {
        if (failure == null) {
            return Reason.of(Reason.Code.FAILED, "failed; no reason was recorded")
                    .endedBy("retry", name);
        }
        String sentence = failure.code().word() + ": " + failure.message();
        return OF_ROWS.contains(failure.code())
                ? Reason.of(Reason.Code.QUARANTINED_ROWS, sentence).endedBy("quarantine", name)
                : Reason.of(Reason.Code.FAILED, sentence).endedBy("retry", name);
    }
}
