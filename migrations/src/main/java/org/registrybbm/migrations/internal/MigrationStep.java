package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;
import org.registrybbm.migrations.MigrationEvent;
import org.registrybbm.migrations.MigrationStatus;
import org.registrybbm.migrations.WorkRegistry;

/** The planner's turn at one migration, in one transaction that at most one replica has at a time. */
public record MigrationStep(DataSource dataSource, EngineSettings settings, WorkRegistry workRegistry) {
    // One replica plans a migration at a time; a lock of the migration's row would make the operator's UPDATE wait for
    // it.
    private static final String ONE_PLANNER_AT_A_TIME = """
            SELECT pg_try_advisory_xact_lock(hashtextextended('org.registrybbm: plan a batched migration', ?)) AS locked
            """;

    private static final int SLOW_INDEX_CUT = 16;

    /**
     * What came of it.
     *
     * @param due batch jobs to run
     * @param events what to tell once it is committed
     */
    public record Result(List<Long> due, List<MigrationEvent> events) {
        static final Result NOTHING = new Result(List.of(), List.of());

        static Result of(MigrationEvent event) {
            return new Result(List.of(), List.of(event));
        }
    }

    /**
     * Plans one migration.
     *
     * @param free how many batch jobs it may have more, by the limits
     * @param missingCodeSeconds how long its code may be missing
     */
    public Result take(JobQueries.Candidate candidate, int free, double missingCodeSeconds) throws SQLException {
        BatchedMigration migration = candidate.migration();
        try {
            return plan(migration.id(), free, missingCodeSeconds);
        } catch (SQLException | RuntimeException | LinkageError e) {
            if (SqlFailures.isPassing(e)) {
                throw e;
            }
            // No table privilege, a check that throws, ...: it would be the same at every turn.
            Failure failure = SqlFailures.describe(FailureCode.UNKNOWN, e);
            return Sql.inTransaction(dataSource, connection -> failed(connection, migration, failure));
        }
    }

    private Result plan(long id, int free, double missingCodeSeconds) throws SQLException {
        return Sql.inTransaction(dataSource, connection -> {
            Sql.run(connection, Guards.SHORT_TRANSACTION);
            if (!Sql.one(connection, ONE_PLANNER_AT_A_TIME, row -> row.getBoolean("locked"), id)) {
                return Result.NOTHING;
            }
            BatchedMigration migration = MigrationQueries.find(connection, id).orElse(null);
            return migration == null ? Result.NOTHING : take(connection, migration, free, missingCodeSeconds);
        });
    }

    private Result take(Connection connection, BatchedMigration migration, int free, double missingCodeSeconds)
            throws SQLException {
        Optional<Failure> missing = Definition.missingCode(migration, workRegistry);
        if (!migration.status().isRunnable()) {
            if (missing.isEmpty() && migration.status() == MigrationStatus.FAILED) {
                MigrationQueries.revive(connection, migration.id());
            }
            return Result.NOTHING;
        }
        if (migration.failure() != null) {
            MigrationQueries.forgetFailure(connection, migration.id());
            JobQueries.forgetAttempts(connection, migration.id());
        }
        if (missing.isPresent()) {
            return withoutCode(connection, migration, missing.get(), missingCodeSeconds);
        }
        if (migration.codeMissingSince() != null) {
            MigrationQueries.clearMissingCode(connection, migration.id());
        }
        return due(connection, migration, free);
    }

    private Result withoutCode(Connection connection, BatchedMigration migration, Failure missing, double graceSeconds)
            throws SQLException {
        MigrationQueries.MissingCode since = MigrationQueries.noteMissingCode(connection, migration.id(), graceSeconds);
        if (since.expired()) {
            return failed(connection, migration, missing);
        }
        return migration.codeMissingSince() == null
                ? Result.of(new MigrationEvent.CodeMissing(migration, since.since()))
                : Result.NOTHING;
    }

    /** Existing batch jobs first, then new ones, then failed ones again; when there are none at all it is finished. */
    private Result due(Connection connection, BatchedMigration migration, int free) throws SQLException {
        List<Long> due = new ArrayList<>();
        for (BatchJob job : JobQueries.due(connection, migration.id(), free)) {
            if (job.attempts() >= settings.maxJobAttempts()) {
                return dead(connection, migration, job);
            }
            due.add(job.id());
        }
        Optional<JobQueries.Exhausted> exhausted =
                JobQueries.exhausted(connection, migration.id(), settings.maxJobAttempts());
        if (exhausted.isPresent()) {
            return failed(connection, migration, Exhaustion.of(exhausted.get()));
        }
        if (due.size() >= free) {
            return new Result(due, List.of());
        }
        Definition definition;
        try {
            definition = Definition.resolve(connection, migration, workRegistry);
        } catch (InvalidDefinitionException e) {
            return failed(connection, migration, e.failure());
        }
        return cut(connection, definition, due, free);
    }

    private Result cut(Connection connection, Definition definition, List<Long> due, int free) throws SQLException {
        BatchedMigration migration = definition.migration();
        long unfinished = JobQueries.unfinished(connection, migration.id());
        boolean mayCut = definition.strategy().isParallel() || unfinished == 0;
        if (mayCut) {
            estimate(connection, definition);
            long size = BatchSizes.next(connection, migration, settings);
            List<JobQueries.Figures> newest = JobQueries.newest(connection, migration.id());
            Integer subBatchSize = newest.stream()
                    .map(JobQueries.Figures::subBatchSize)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
            OptionalLong lastMax = JobQueries.lastMax(connection, migration.id());
            while (due.size() < free) {
                Optional<BatchingStrategy.Bounds> bounds = bounds(connection, definition, lastMax, size);
                if (bounds.isEmpty()) {
                    break;
                }
                if (isStuck(definition, newest)) {
                    return failed(connection, migration, stuck(migration));
                }
                due.add(cut(connection, migration, bounds.get(), subBatchSize));
                lastMax = OptionalLong.of(bounds.get().max());
                if (!definition.strategy().isParallel()) {
                    break;
                }
            }
        }
        if (due.size() < free) {
            due.addAll(JobQueries.retryDue(connection, migration.id(), free - due.size()));
        }
        if (due.isEmpty() && unfinished == 0 && MigrationQueries.finish(connection, migration.id())) {
            return Result.of(new MigrationEvent.MigrationFinished(migration));
        }
        return new Result(due, List.of());
    }

    /** Looks for the end of the next batch, nearer when the index is too slow to be walked that far. */
    private static Optional<BatchingStrategy.Bounds> bounds(
            Connection connection, Definition definition, OptionalLong lastMax, long size) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            Optional<BatchingStrategy.Bounds> bounds =
                    definition.strategy().cut(connection, definition.migration(), definition.target(), lastMax, size);
            connection.releaseSavepoint(before);
            return bounds;
        } catch (SQLException e) {
            if (size == 1 || !SqlFailures.isWorthSmaller(e)) {
                throw e;
            }
            connection.rollback(before);
            return bounds(connection, definition, lastMax, Math.max(1, size / SLOW_INDEX_CUT));
        }
    }

    private static long cut(
            Connection connection,
            BatchedMigration migration,
            BatchingStrategy.Bounds bounds,
            @Nullable Integer subBatchSize)
            throws SQLException {
        return JobQueries.cut(connection, migration.id(), bounds.min(), bounds.max(), subBatchSize);
    }

    private static void estimate(Connection connection, Definition definition) throws SQLException {
        if (definition.migration().totalTupleCount() != null) {
            return;
        }
        OptionalLong estimate = definition.strategy().estimate(connection, definition.target());
        if (estimate.isPresent()) {
            MigrationQueries.setTotal(connection, definition.migration().id(), estimate.getAsLong());
        }
    }

    /** Whether the predicate still holds for rows although the last two batches found nothing to change. */
    private static boolean isStuck(Definition definition, List<JobQueries.Figures> newest) {
        return !definition.strategy().isParallel()
                && newest.size() >= 2
                && newest.stream().limit(2).allMatch(job -> job.migrated() != null && job.migrated() == 0);
    }

    private static Failure stuck(BatchedMigration migration) {
        return Failure.of(
                FailureCode.NO_PROGRESS,
                "rows of " + migration.table() + " have no " + migration.column() + " yet, but the work function '"
                        + migration.signature() + "' changed none of them in two batches; it would run for ever");
    }

    private Result dead(Connection connection, BatchedMigration migration, BatchJob job) throws SQLException {
        Failure death = Failure.of(
                FailureCode.MAX_JOB_RETRY,
                "its worker died or lost its lease " + job.attempts() + " times before a sub-batch was committed");
        if (!JobQueries.failDead(connection, job.id(), death)) {
            return Result.NOTHING;
        }
        return failed(connection, migration, Exhaustion.of(job, job.attempts(), death));
    }

    private static Result failed(Connection connection, BatchedMigration migration, Failure failure)
            throws SQLException {
        return MigrationQueries.fail(connection, migration.id(), failure)
                ? Result.of(new MigrationEvent.MigrationFailed(migration, failure))
                : Result.NOTHING;
    }
}
