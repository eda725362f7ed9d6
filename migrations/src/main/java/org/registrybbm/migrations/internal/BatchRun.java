package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchOutcome;
import org.registrybbm.migrations.BatchOutcome.Reason;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;
import org.registrybbm.migrations.MigrationEvent;
import org.registrybbm.migrations.MigrationListener;
import org.registrybbm.migrations.StopSignal;
import org.registrybbm.migrations.WorkRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One claimed run of one batch job, from its lease to its outcome. Used once, by one thread. */
public final class BatchRun {
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchRun.class);

    private static final int SHRINKS_IN_PLACE = 3;
    private static final int LOSSES_IN_PLACE = 3;
    private static final Duration LONGEST_OUTAGE = Duration.ofSeconds(60);
    private static final Duration LONGEST_BOOKKEEPING = Duration.ofSeconds(15);
    private static final Duration FIRST_RECONNECT = Duration.ofMillis(250);
    private static final Duration LONGEST_RECONNECT = Duration.ofSeconds(5);

    private final DataSource dataSource;
    private final EngineSettings settings;
    private final MigrationListener listener;
    private final Replica replica;
    private final BatchedMigration migration;
    private final long token;
    private final long startedAt = System.nanoTime();

    private BatchJob job;
    private int subBatchSize;
    private int shrinks;
    private int losses;
    private long lastContact = System.nanoTime();
    private @Nullable Definition definition;
    private @Nullable Long rowsOfBatch;

    /** What this replica is and knows. */
    public record Replica(String name, WorkRegistry workRegistry, Watchdog watchdog) {}

    /** How one sub-batch went. */
    private sealed interface Step {
        record Committed(SubBatchResult result) implements Step {}

        record Finished(@Nullable SubBatchResult result) implements Step {}

        record HandedBack(Reason reason) implements Step {}

        record LeaseLost() implements Step {}
    }

    private record SubBatchResult(BatchJob job, long covered, long migrated) {}

    public BatchRun(
            DataSource dataSource,
            EngineSettings settings,
            MigrationListener listener,
            Replica replica,
            Claims.Granted granted) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.listener = listener;
        this.replica = replica;
        this.migration = granted.migration();
        this.token = granted.token();
        this.job = granted.job();
        this.subBatchSize = job.subBatchSize() == null ? Sizing.FIRST_SUB_BATCH : Math.max(1, job.subBatchSize());
        listener.on(new MigrationEvent.BatchStarted(migration, job, replica.name(), granted.takeover()));
    }

    /** Works until the batch job is finished, failed, handed back or lost. */
    public BatchOutcome run(StopSignal stop) {
        while (true) {
            if (stop.isStopping()) {
                return handBack(Reason.STOPPING);
            }
            try {
                Optional<BatchOutcome> end = settle(subBatch());
                if (end.isPresent()) {
                    return end.get();
                }
            } catch (Throwable e) {
                Optional<BatchOutcome> end =
                        stop.isStopping() ? Optional.of(handBack(Reason.STOPPING)) : survive(e, stop);
                if (end.isPresent()) {
                    return end.get();
                }
            }
        }
    }

    /** Tells what was committed and returns the outcome when it was the end. */
    private Optional<BatchOutcome> settle(Step step) {
        lastContact = System.nanoTime();
        if (step instanceof Step.Committed committed) {
            shrinks = 0;
            losses = 0;
            return Optional.empty();
        }
        if (step instanceof Step.Finished) {
            job = job.finished();
            listener.on(new MigrationEvent.BatchFinished(migration, job, replica.name(), since(startedAt)));
            return Optional.of(new BatchOutcome.Finished(job));
        }
        if (step instanceof Step.HandedBack back) {
            listener.on(new MigrationEvent.BatchHandedBack(migration, job, replica.name(), back.reason()));
            return Optional.of(new BatchOutcome.HandedBack(job.id(), back.reason()));
        }
        return Optional.of(lost("another worker took it over, or its row was changed or deleted"));
    }

    private Step subBatch() throws SQLException {
        long began = System.nanoTime();
        Step step;
        try (Connection connection = connect();
                Watchdog.Watched watched =
                        replica.watchdog().watch(connection, settings.timeouts().subBatchLimit())) {
            try {
                step = Sql.inTransaction(connection, tx -> subBatch(tx, began));
            } catch (Throwable e) {
                if (watched.wasCutOff()) {
                    throw new CutOffException(settings.timeouts().subBatchLimit(), e);
                }
                throw e;
            }
        }
        SubBatchResult result = step instanceof Step.Committed committed
                ? committed.result()
                : step instanceof Step.Finished finished ? finished.result() : null;
        if (result != null) {
            Duration took = since(began);
            job = result.job();
            subBatchSize = Sizing.nextSubBatch(
                    subBatchSize, result.covered(), took, settings.targets().subBatch());
            listener.on(new MigrationEvent.SubBatchCommitted(
                    migration, job, replica.name(), result.covered(), result.migrated(), took));
        }
        return step;
    }

    /** The one transaction: fence, change the rows, move the cursor. */
    private Step subBatch(Connection tx, long began) throws SQLException {
        Sql.run(tx, Guards.subBatch(settings.timeouts(), job.id()));
        LeaseQueries.Fenced fenced = LeaseQueries.fence(tx, job.id(), token).orElse(null);
        if (fenced == null) {
            return new Step.LeaseLost();
        }
        job = fenced.job();
        if (!fenced.migration().status().isRunnable()) {
            return handBack(tx, Reason.MIGRATION_STOPPED);
        }
        if (!fenced.migration().hasSameDefinitionAs(migration)) {
            return handBack(tx, Reason.DEFINITION_CHANGED);
        }
        if (definition == null) {
            definition = Definition.resolve(tx, migration, replica.workRegistry());
            rowsOfBatch = BatchSizes.next(tx, migration, settings);
        }
        Optional<BatchingStrategy.SubBatch> next =
                definition.strategy().next(tx, definition.target(), job, rowsOfNextSubBatch(definition));
        if (next.isEmpty()) {
            return LeaseQueries.finish(tx, job.id(), token) ? new Step.Finished(null) : new Step.LeaseLost();
        }
        return change(tx, fenced.xid(), definition, next.get(), began);
    }

    private Step change(Connection tx, String xid, Definition defined, BatchingStrategy.SubBatch subBatch, long began)
            throws SQLException {
        long migrated = defined.function().migrate(defined.context(tx, subBatch.batch()));
        if (migrated < 0) {
            throw new IllegalStateException("the work function '" + migration.signature() + "' returned " + migrated
                    + "; it must return how many rows it changed");
        }
        long covered = subBatch.covered().orElse(migrated);
        boolean last = subBatch.last()
                || subBatch.batch() instanceof Batch.PredicateLimit
                        && (migrated == 0 || job.coveredTupleCount() + covered >= rowsOfBatch());
        LeaseQueries.Advance advance =
                new LeaseQueries.Advance(subBatch.lastKey(), covered, migrated, since(began), subBatchSize);
        if (!LeaseQueries.advance(
                tx, job.id(), token, xid, advance, settings.timeouts().lease())) {
            // Not tried again: what it committed by itself would be changed once more each time.
            throw new InvalidDefinitionException(
                    FailureCode.UNKNOWN,
                    "the work function '" + migration.signature()
                            + "' ended the transaction or changed the row of its batch"
                            + " job " + job.id() + "; rows of its next sub-batch after key " + job.lastKey()
                            + " may be changed without its cursor saying so: look at them, mend the work function, and set"
                            + " the migration to active");
        }
        BatchJob advanced = job.advanced(subBatch.lastKey(), subBatchSize, covered, migrated);
        SubBatchResult result = new SubBatchResult(advanced, covered, migrated);
        return last && LeaseQueries.finish(tx, job.id(), token)
                ? new Step.Finished(result)
                : new Step.Committed(result);
    }

    /** Where only the batch's size ends it, its last sub-batch takes what is left of that. */
    private int rowsOfNextSubBatch(Definition defined) {
        return defined.strategy().isParallel()
                ? subBatchSize
                : (int) Math.max(1, Math.min(subBatchSize, rowsOfBatch() - job.coveredTupleCount()));
    }

    private long rowsOfBatch() {
        return rowsOfBatch == null ? migration.batchSize() : rowsOfBatch;
    }

    /** Decides what an exception means; empty when the batch goes on. */
    private Optional<BatchOutcome> survive(Throwable thrown, StopSignal stop) {
        // A connection that is lost again and again in the same sub-batch is lost by the work, not by the network.
        if (!(thrown instanceof CutOffException)
                && SqlFailures.isConnectionLost(thrown)
                && losses++ < LOSSES_IN_PLACE) {
            return waitForDatabase(thrown, stop);
        }
        if (thrown instanceof InvalidDefinitionException invalid) {
            return Optional.of(failDefinition(invalid.failure()));
        }
        if (SqlFailures.isWorthSmaller(thrown)
                && subBatchSize > 1
                && shrinks < SHRINKS_IN_PLACE
                && renewSmaller(thrown)) {
            return Optional.empty();
        }
        return Optional.of(fail(SqlFailures.describe(FailureCode.UNKNOWN, thrown), thrown));
    }

    private boolean renewSmaller(Throwable thrown) {
        int smaller = Sizing.afterTimeout(subBatchSize);
        LOGGER.info(
                "batch job {} of '{}': {}; nothing was changed, it goes on with {} rows instead of {}",
                job.id(),
                migration.name(),
                SqlFailures.describe(FailureCode.UNKNOWN, thrown).message(),
                smaller,
                subBatchSize);
        shrinks++;
        subBatchSize = smaller;
        try {
            return bookkeeping(tx -> LeaseQueries.renew(
                    tx, job.id(), token, smaller, settings.timeouts().lease()));
        } catch (SQLException e) {
            thrown.addSuppressed(e);
            return false;
        }
    }

    private Optional<BatchOutcome> waitForDatabase(Throwable thrown, StopSignal stop) {
        Duration wait = FIRST_RECONNECT;
        while (since(lastContact).compareTo(LONGEST_OUTAGE) < 0) {
            if (stop.isStopping() || !pause(wait)) {
                return Optional.of(handBack(Reason.STOPPING));
            }
            try (Connection connection = connect()) {
                if (connection.isValid(2)) {
                    lastContact = System.nanoTime();
                    return Optional.empty();
                }
            } catch (SQLException e) {
                LOGGER.debug("the database is still away", e);
            }
            wait = wait.multipliedBy(2).compareTo(LONGEST_RECONNECT) < 0 ? wait.multipliedBy(2) : LONGEST_RECONNECT;
        }
        return Optional.of(lost("the database was away for more than " + LONGEST_OUTAGE.toSeconds() + " s: "
                + SqlFailures.describe(FailureCode.UNKNOWN, thrown).message()));
    }

    private BatchOutcome failDefinition(Failure failure) {
        try {
            bookkeeping(tx -> LeaseQueries.handBack(tx, job.id(), token));
            failMigration(failure);
        } catch (SQLException e) {
            LOGGER.warn("could not record that '{}' failed; the planner will", migration.name(), e);
        }
        return new BatchOutcome.HandedBack(job.id(), Reason.MIGRATION_STOPPED);
    }

    private BatchOutcome fail(Failure failure, Throwable thrown) {
        LOGGER.debug("batch job {} of '{}' failed", job.id(), migration.name(), thrown);
        try {
            Duration retryAfter = settings.timeouts().retryAfter(job.attempts());
            Optional<Integer> attempts =
                    bookkeeping(tx -> LeaseQueries.fail(tx, job.id(), token, failure, subBatchSize, retryAfter));
            if (attempts.isEmpty()) {
                return lost("its lease was gone when its failure was to be recorded");
            }
            boolean exhausted = attempts.get() >= settings.maxJobAttempts();
            listener.on(new MigrationEvent.BatchFailed(
                    migration, job, replica.name(), failure, exhausted, since(startedAt)));
            if (exhausted) {
                failMigration(Exhaustion.of(job, attempts.get(), failure));
            }
            return new BatchOutcome.Failed(job, failure, exhausted);
        } catch (SQLException e) {
            e.addSuppressed(thrown);
            LOGGER.warn(
                    "could not record a failure of batch job {}; its lease runs out and it is tried again",
                    job.id(),
                    e);
            return lost("its failure could not be recorded: " + failure.message());
        }
    }

    private void failMigration(Failure failure) throws SQLException {
        // On its own: when somebody's open transaction holds the migration's row, the planner does it later.
        if (bookkeeping(tx -> MigrationQueries.fail(tx, migration.id(), failure))) {
            listener.on(new MigrationEvent.MigrationFailed(migration, failure));
        }
    }

    private BatchOutcome handBack(Reason reason) {
        try {
            if (bookkeeping(tx -> LeaseQueries.handBack(tx, job.id(), token))) {
                listener.on(new MigrationEvent.BatchHandedBack(migration, job, replica.name(), reason));
                return new BatchOutcome.HandedBack(job.id(), reason);
            }
            return lost("its lease was gone when it was to be handed back");
        } catch (SQLException e) {
            return lost("it could not be handed back, its lease runs out by itself: " + e.getMessage());
        }
    }

    private Step handBack(Connection tx, Reason reason) throws SQLException {
        return LeaseQueries.handBack(tx, job.id(), token) ? new Step.HandedBack(reason) : new Step.LeaseLost();
    }

    private BatchOutcome lost(String why) {
        listener.on(new MigrationEvent.BatchLost(migration, job, replica.name(), why));
        return new BatchOutcome.Lost(job.id(), why);
    }

    private <T> T bookkeeping(Sql.Transaction<T> work) throws SQLException {
        try (Connection connection = connect();
                Watchdog.Watched watched = replica.watchdog().watch(connection, LONGEST_BOOKKEEPING)) {
            return Sql.inTransaction(connection, tx -> {
                Sql.run(tx, Guards.SHORT_TRANSACTION);
                return work.run(tx);
            });
        }
    }

    private Connection connect() throws SQLException {
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            throw new SqlFailures.NoConnection(e);
        }
    }

    private static boolean pause(Duration wait) {
        try {
            TimeUnit.MILLISECONDS.sleep(wait.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }
}
