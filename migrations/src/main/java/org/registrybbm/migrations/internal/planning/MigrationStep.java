package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.AdvisoryKeys;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.sharing.Contender;
import org.registrybbm.migrations.internal.sharing.PlanFailures;
import org.registrybbm.migrations.internal.sharing.RootQueries;
import org.registrybbm.migrations.internal.tables.Contradictions;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.FailureReasons;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.LockWaitQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.internal.walk.Continuity;
import org.registrybbm.migrations.internal.walk.PendingCheck;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.WalkDefinitions;
import org.registrybbm.migrations.internal.walk.WalkOpener;
import org.registrybbm.migrations.internal.walk.WalkQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;

/** Plans one migration in one transaction. Only one replica at a time plans a migration. */
public record MigrationStep(DataSource dataSource, EngineSettings settings, WorkRegistry workRegistry) {
    // This is an advisory lock, because a lock of the migration's row would make an operator's UPDATE wait.
    private static final String ONE_PLANNER_AT_A_TIME = """
            SELECT pg_advisory_xact_lock(%s)
            """.formatted(AdvisoryKeys.of("plan a batched migration", "?"));

    /**
     * A plan that failed for a reason that may pass.
     *
     * @param why the failure, without row values
     * @param kept whether the migration's row records the failure and when to plan again
     */
    public record Postponed(Failure why, boolean kept) {}

    /** Returns whether this replica has the code of a migration. */
    public boolean knows(Contender contender) {
        Contender.Code code = contender.code();
        return ResolvedMigration.missingCode(code.signature(), code.strategy(), workRegistry)
                .isEmpty();
    }

    /**
     * Plans one migration.
     *
     * @param free how many more batch jobs the budgets allow the migration
     * @param missingCodeSeconds how long its code may be missing
     */
    public StepResult take(Contender contender, int free, double missingCodeSeconds) throws SQLException {
        try {
            return plan(contender, free, missingCodeSeconds);
        } catch (Throwable e) {
            // An Error fails the migration too, because it comes from the author's code, and each replica would meet it
            // again.
            if (!(e instanceof Error) && !SqlFailures.isLasting(e)) {
                throw e;
            }
            Failure failure = SqlFailures.describeLasting(e);
            return Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.PLANNING);
                return failed(connection, contender.id(), failure);
            });
        }
    }

    /**
     * Handles a plan that failed for a reason that may pass. It records in the migration's row why the plan failed and when to plan again.
     * Nothing can be recorded if the connection was lost or there was none, or if somebody has locked the row.
     */
    public Postponed postpone(Contender contender, Throwable why) {
        Failure failure = SqlFailures.describe(FailureCode.UNKNOWN, why);
        if (failure.sqlState() == null || SqlFailures.isConnectionLost(why)) {
            return new Postponed(failure, false);
        }
        try {
            return Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.PLANNING);
                Failure told = told(connection, contender, failure, why);
                return new Postponed(told, PlanFailures.note(connection, contender.id(), told.message()));
            });
        } catch (SQLException e) {
            why.addSuppressed(e);
            return new Postponed(failure, false);
        }
    }

    /** A lock timeout says neither what was waited for nor whose it is. */
    private static Failure told(Connection connection, Contender contender, Failure failure, Throwable why)
            throws SQLException {
        return SqlFailures.isLockWait(why)
                ? LockWaitQueries.holderOfTable(connection, contender.id())
                        .map(failure::saying)
                        .orElse(failure)
                : failure;
    }

    private StepResult plan(Contender contender, int free, double missingCodeSeconds) throws SQLException {
        return Jdbc.inTransaction(dataSource, connection -> {
            Jdbc.run(connection, TransactionSettings.PLANNING);
            if (!lock(connection, contender.id())) {
                return StepResult.BUSY;
            }
            BatchedMigration migration =
                    MigrationQueries.find(connection, contender.id()).orElse(null);
            if (migration == null) {
                return StepResult.NOTHING;
            }
            // Claims count the batch jobs of a table by its root, so the root must be stored before any is handed out.
            RootQueries.keep(connection, contender, migration.definition().table());
            StepResult result = take(connection, migration, contender.held(), free, missingCodeSeconds);
            if (contender.planFailure() != null) {
                PlanFailures.forget(connection, contender.id());
            }
            if (!result.due().isEmpty() && result.events().isEmpty()) {
                Jdbc.run(connection, TransactionSettings.NOT_FLUSHED_YET);
            }
            return result;
        });
    }

    /** Waits until no other replica plans the migration. If that takes too long, it rolls back and returns false. */
    private static boolean lock(Connection connection, long id) throws SQLException {
        try {
            Jdbc.list(connection, ONE_PLANNER_AT_A_TIME, row -> true, id);
            return true;
        } catch (SQLException e) {
            if (SqlFailures.isWorthSmaller(e)) {
                connection.rollback();
                return false;
            }
            throw e;
        }
    }

    private StepResult take(
            Connection connection, BatchedMigration migration, int held, int free, double missingCodeSeconds)
            throws SQLException {
        Optional<Failure> missing = ResolvedMigration.missingCode(migration, workRegistry);
        if (!migration.status().isRunnable()) {
            if (missing.isEmpty() && migration.status() == MigrationStatus.FAILED) {
                EventQueries.decidedByEngine(connection);
                MigrationQueries.retryWithCode(connection, migration.id());
            }
            return migration.status() == MigrationStatus.FINISHED ? reopen(connection, migration) : StepResult.NOTHING;
        }
        if (migration.failure() != null || isSetActive(connection, migration)) {
            // Somebody set a failed migration to active again, so its failure and its attempts are forgotten.
            MigrationQueries.forgetFailure(connection, migration.id());
            JobQueries.forgetAttempts(connection, migration.id());
            WalkQueries.forgetProof(connection, migration.id());
            long rows = QuarantineQueries.retry(connection, migration.id());
            if (!EventQueries.isDecidedByPerson(connection, migration.id())) {
                EventQueries.record(
                        connection,
                        migration.id(),
                        new EventQueries.Event("retried", null, rows, "somebody set it to active after it had failed"));
            }
            migration = MigrationQueries.find(connection, migration.id()).orElse(migration);
        } else if (migration.timeline().finishedAt() != null && MigrationQueries.reopen(connection, migration.id())) {
            // Somebody set a finished migration to active again. An old proof says nothing about its rows now.
            WalkQueries.forgetProof(connection, migration.id());
            EventQueries.record(
                    connection,
                    migration.id(),
                    new EventQueries.Event("reopened", "somebody set it to active after it had finished"));
            migration = MigrationQueries.find(connection, migration.id()).orElse(migration);
        }
        if (missing.isPresent() && held > 0) {
            // Another replica runs its batch jobs, so that replica has the code.
            return StepResult.NOTHING;
        }
        if (missing.isPresent()) {
            return withoutCode(connection, migration, missing.get(), missingCodeSeconds);
        }
        if (migration.timeline().codeMissingSince() != null) {
            MigrationQueries.clearMissingCode(connection, migration.id());
        }
        WalkDefinitions.Unsettled unsettled = WalkDefinitions.unsettled(connection, migration.id());
        if (unsettled.edited() || unsettled.moved()) {
            new Continuity(connection, ResolvedMigration.resolve(connection, migration, workRegistry))
                    .restore(unsettled);
        }
        List<MigrationEvent> events = new ArrayList<>();
        LethalRows poison = new LethalRows(connection, migration, workRegistry, settings.maxJobAttempts(), events);
        return due(connection, migration, held, free, poison).after(events);
    }

    /**
     * Returns whether somebody set a failed migration to active whose row does not say why it failed. Its batch job that has used up its
     * attempts shows that, because a migration that is just beginning has no such batch job.
     */
    private boolean isSetActive(Connection connection, BatchedMigration migration) throws SQLException {
        return migration.status() == MigrationStatus.ACTIVE
                && JobQueries.exhausted(connection, migration.id(), settings.maxJobAttempts())
                        .isPresent();
    }

    /** Makes a migration active again that somebody else set to finished before it was complete. */
    private static StepResult reopen(Connection connection, BatchedMigration migration) throws SQLException {
        if (!Contradictions.reopen(connection, migration.id())) {
            return StepResult.NOTHING;
        }
        long unfinished = JobQueries.unfinished(connection, migration.id());
        WalkQueries.forgetProof(connection, migration.id());
        String reason = "it was set to finished by somebody else while "
                + (unfinished == 0
                        ? "its batch jobs did not cover the whole table yet"
                        : (unfinished == 1 ? "1 batch job was" : unfinished + " batch jobs were") + " not done");
        EventQueries.record(connection, migration.id(), new EventQueries.Event("reopened", null, unfinished, reason));
        return StepResult.of(new MigrationEvent.MigrationReopened(migration, reason));
    }

    private StepResult withoutCode(
            Connection connection, BatchedMigration migration, Failure missing, double graceSeconds)
            throws SQLException {
        MigrationQueries.MissingCode since = MigrationQueries.noteMissingCode(connection, migration.id(), graceSeconds);
        if (since.expired()) {
            return failed(connection, migration.id(), missing);
        }
        return migration.timeline().codeMissingSince() == null
                ? StepResult.of(new MigrationEvent.CodeMissing(migration, since.since()))
                : StepResult.NOTHING;
    }

    /**
     * Collects the batch jobs to run: first existing ones, then new ones, then failed ones that are due again. If there are none and none
     * is unfinished, the migration comes to its end.
     */
    private StepResult due(Connection connection, BatchedMigration migration, int held, int free, LethalRows poison)
            throws SQLException {
        List<DueJob> due = new ArrayList<>();
        for (JobQueries.Due one : JobQueries.due(connection, migration.id(), free)) {
            if (one.job().attempts() >= settings.maxJobAttempts()) {
                if (!poison.narrow(one.job())) {
                    continue;
                }
            }
            due.add(new DueJob(one.job().id(), one.deadToken()));
        }
        Optional<JobQueries.Exhausted> exhausted =
                JobQueries.exhausted(connection, migration.id(), settings.maxJobAttempts());
        if (exhausted.isPresent()) {
            return failed(connection, migration.id(), FailureReasons.of(exhausted.get()));
        }
        if (due.size() >= free) {
            return StepResult.of(due, free);
        }
        ResolvedMigration definition = ResolvedMigration.resolve(connection, migration, workRegistry);
        WalkOpener walks = new WalkOpener(connection, definition);
        boolean begins = !walks.follow();
        if (begins) {
            PendingCheck.run(connection, definition);
            walks.openFirst();
        }
        // A budget may allow many more batch jobs than there are workers, so only twice as many as run now are assumed.
        int lanes = Math.min(held + free, Math.max(1, held) * 2);
        BatchCutter cutter = new BatchCutter(connection, definition, settings, lanes);
        boolean nothingLeft = cutter.cut(due, free);
        if (due.size() < free) {
            JobQueries.retryDue(connection, migration.id(), free - due.size())
                    .forEach(id -> due.add(new DueJob(id, null)));
        }
        boolean done = nothingLeft && due.isEmpty() && JobQueries.unfinished(connection, migration.id()) == 0;
        if (done && !begins && walks.openFirst()) {
            done = cutter.cut(due, free) && due.isEmpty();
        }
        return done ? complete(connection, definition, cutter, free) : StepResult.of(due, free);
    }

    private StepResult complete(Connection connection, ResolvedMigration definition, BatchCutter cutter, int free)
            throws SQLException {
        BatchedMigration migration = definition.migration();
        List<DueJob> due = new ArrayList<>();
        Completion.Left left = new Completion(connection, definition, cutter).next(due, free);
        if (left instanceof Completion.Left.Person person) {
            return failed(connection, migration.id(), person.failure());
        }
        if (left instanceof Completion.Left.Nothing nothing) {
            Optional<BatchedMigration> finished =
                    MigrationQueries.finish(connection, migration.id(), nothing.verified());
            if (finished.isPresent()) {
                EventQueries.record(
                        connection,
                        migration.id(),
                        new EventQueries.Event(nothing.verified() ? "verified" : "finished", nothing.text()));
                return StepResult.of(new MigrationEvent.MigrationFinished(finished.get()));
            }
        }
        return StepResult.of(due, free);
    }

    private static StepResult failed(Connection connection, long migrationId, Failure failure) throws SQLException {
        return MigrationQueries.fail(connection, migrationId, failure)
                .map(failed -> StepResult.of(new MigrationEvent.MigrationFailed(failed, failure)))
                .orElse(StepResult.NOTHING);
    }
}
