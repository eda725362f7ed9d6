package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.failure.CutOffException;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.lease.Claims;
import org.registrybbm.migrations.internal.lease.Lease;
import org.registrybbm.migrations.internal.lease.Outage;
import org.registrybbm.migrations.internal.lease.Pacer;
import org.registrybbm.migrations.internal.lease.Replica;
import org.registrybbm.migrations.internal.rows.CrowdException;
import org.registrybbm.migrations.internal.running.SubBatchTransaction.Step;
import org.registrybbm.migrations.internal.tables.FailureReasons;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchOutcome.Reason;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of a batch job, from the claim that was granted to its outcome. An instance is used once, by one thread. */
public final class BatchRun {
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchRun.class);

    private static final CompletableFuture<Optional<String>> NOBODY =
            CompletableFuture.completedFuture(Optional.empty());

    private final EngineSettings settings;
    private final RunEvents events;
    private final Replica replica;
    private final BatchedMigration migration;
    private final Lease lease;
    private final Pacer pacer;
    private final RunConnection connection;
    private final SubBatchTransaction transaction;
    private final SubBatchSize size;
    private final Outage outage;
    private final boolean takeover;

    private BatchJob job;
    private boolean asksForBlocker;
    private CompletableFuture<Optional<String>> blocker = NOBODY;

    public BatchRun(
            DataSource dataSource,
            EngineSettings settings,
            MigrationListener listener,
            Replica replica,
            Claims.Granted granted) {
        this.settings = settings;
        this.events = new RunEvents(listener, granted.migration(), replica.name());
        this.replica = replica;
        this.migration = granted.migration();
        this.job = granted.job();
        this.lease = new Lease(dataSource, replica, settings, job.id(), granted.token());
        this.pacer = new Pacer(lease, migration);
        this.connection = new RunConnection(lease);
        this.transaction = new SubBatchTransaction(lease, settings, replica.workRegistry(), migration, pacer);
        this.size = new SubBatchSize(
                job,
                granted.takeover(),
                settings.targets().subBatch(),
                migration.sizing().subBatches());
        this.outage = new Outage(lease);
        this.takeover = granted.takeover();
    }

    /** Runs sub-batches until the batch job is finished, has failed, is handed back or is lost. */
    public BatchOutcome run(StopSignal stop) {
        events.started(job, takeover);
        try (transaction) {
            return runToEnd(stop);
        } finally {
            connection.giveBack();
        }
    }

    private BatchOutcome runToEnd(StopSignal stop) {
        while (true) {
            if (stop.isStopping()) {
                return handBack(Reason.STOPPING);
            }
            if (!replica.gate().isOpen()) {
                return handBack(Reason.REGISTRY_AT_WORK);
            }
            try {
                if (!pacer.await(stop, size.rows())) {
                    return handBack(Reason.STOPPING);
                }
                if (pacer.hasWaited()) {
                    outage.contact();
                }
                Optional<BatchOutcome> end = settle(subBatch());
                if (end.isPresent()) {
                    return end.get();
                }
            } catch (Throwable e) {
                connection.giveBack();
                transaction.rolledBack();
                Optional<BatchOutcome> end =
                        stop.isStopping() ? Optional.of(handBack(Reason.STOPPING)) : survive(e, stop);
                if (end.isPresent()) {
                    return end.get();
                }
            }
        }
    }

    private Step subBatch() throws SQLException {
        long began = System.nanoTime();
        Duration limit = settings.timeouts().subBatchLimit();
        Step step;
        boolean cutOff;
        blocker = asksForBlocker ? lease.blocker() : NOBODY;
        Connection session = connection.get();
        try (Watchdog.Watched watched = replica.watchdog().watch(session, limit)) {
            try {
                SubBatchTransaction.Aim aim = new SubBatchTransaction.Aim(
                        size, began, size.limit(settings.timeouts().statement()), watched::extend);
                step = Jdbc.inTransaction(session, tx -> transaction.run(tx, aim));
                // It may be cut off after its commit, and then its connection is of no more use.
                cutOff = watched.wasCutOff();
            } catch (Throwable e) {
                if (watched.wasCutOff()) {
                    throw new CutOffException(limit, e);
                }
                throw e;
            }
        }
        if (step instanceof Step.Committed committed) {
            Duration took = since(began);
            if (pacer.hasWaited() || cutOff || committed.end() == Step.End.FINISHED) {
                connection.giveBack();
            }
            pacer.pay(committed.covered(), began);
            job = committed.job();
            // The time of the search does not count: it depends on how far away the next rows are, not on how many are
            // taken.
            size.committed(committed, took.minus(transaction.searched()), transaction.isAwaited());
            events.committed(committed, took);
        } else {
            connection.giveBack();
        }
        return step;
    }

    /** Returns the outcome of the run if the sub-batch was its last one; empty if the run continues. */
    private Optional<BatchOutcome> settle(Step step) {
        outage.progress();
        asksForBlocker = false;
        if (step instanceof Step.Committed committed) {
            return committed.end() == Step.End.FINISHED ? Optional.of(finished()) : Optional.empty();
        }
        if (step instanceof Step.Looked looked) {
            job = looked.job();
            return Optional.empty();
        }
        if (step instanceof Step.Finished finished) {
            job = finished.job();
            return Optional.of(finished());
        }
        if (step instanceof Step.HandedBack back) {
            job = back.job();
            return Optional.of(handedBack(back.reason()));
        }
        if (step instanceof Step.Overflown) {
            return Optional.of(failDefinition(FailureReasons.ofQuarantine(migration)));
        }
        return Optional.of(lost("another worker took it over, or its row was changed or deleted"));
    }

    /** Decides what follows after an exception. Returns the outcome of the run; empty if the run continues. */
    private Optional<BatchOutcome> survive(Throwable thrown, StopSignal stop) {
        if (outage.isOne(thrown)) {
            return waitForDatabase(thrown, stop);
        }
        if (thrown instanceof InvalidDefinitionException invalid) {
            return Optional.of(failDefinition(invalid.failure()));
        }
        int before = size.rows();
        if (thrown instanceof CrowdException crowd && !size.shrinkForMany()) {
            return Optional.of(failDefinition(crowd.failure()));
        }
        boolean smaller = thrown instanceof CrowdException || SqlFailures.isWorthSmaller(thrown) && size.shrink();
        if (smaller && again(before, true, thrown)) {
            return Optional.empty();
        }
        if (SqlFailures.isLockWait(thrown)) {
            return waitForLock();
        }
        if (SqlFailures.mayBeOfRow(thrown)) {
            boolean news = !size.isSearching();
            if (size.search() && again(before, news, thrown)) {
                return Optional.empty();
            }
        }
        return Optional.of(fail(SqlFailures.describe(FailureCode.UNKNOWN, thrown), thrown));
    }

    /**
     * Handles a lock wait that fewer rows could not avoid. The sub-batch is tried once more, to find out who holds the lock. If the lock is
     * still held then, the batch job is handed back for a while.
     */
    private Optional<BatchOutcome> waitForLock() {
        if (!asksForBlocker) {
            asksForBlocker = true;
            return Optional.empty();
        }
        String holder = blocker.join().orElse(null);
        LOGGER.info(
                "batch job {} of '{}' waits for a lock of {}; it is tried again, and no attempt is counted",
                job.id(),
                migration.name(),
                holder == null ? "another transaction" : holder);
        try {
            return Optional.of(
                    lease.waitForLock(holder)
                            ? handedBack(Reason.LOCKED)
                            : lost("its lease was lost while it waited for a lock"));
        } catch (SQLException e) {
            return Optional.of(lost("it waits for a lock, and its lease will expire: " + e.getMessage()));
        }
    }

    /**
     * Extends the lease for another try with the current size. Returns false if the lease is lost or could not be extended.
     *
     * @param before the size of the try that failed
     * @param news whether to log and record the new size
     */
    private boolean again(int before, boolean news, Throwable thrown) {
        String why = SqlFailures.describe(FailureCode.UNKNOWN, thrown).message();
        try {
            if (!news) {
                return lease.renew(size.rows());
            }
            LOGGER.info(
                    "batch job {} of '{}': {}; nothing was changed; {}",
                    job.id(),
                    migration.name(),
                    why,
                    size.rows() == before
                            ? "its " + before + " rows are tried again, apart from those that fail by themselves"
                            : "it is tried again with " + size.rows() + " rows instead of " + before);
            return lease.resize(migration.id(), before, size.rows(), why);
        } catch (SQLException e) {
            thrown.addSuppressed(e);
            return false;
        }
    }

    private Optional<BatchOutcome> waitForDatabase(Throwable thrown, StopSignal stop) {
        return switch (outage.await(stop)) {
            case OVER -> Optional.empty();
            case STOPPED -> Optional.of(handBack(Reason.STOPPING));
            case TOO_LONG ->
                Optional.of(lost("the database was away for more than " + Outage.LONGEST.toSeconds() + " s: "
                        + SqlFailures.describe(FailureCode.UNKNOWN, thrown).message()));
        };
    }

    private BatchOutcome failDefinition(Failure failure) {
        try {
            lease.handBack();
        } catch (SQLException e) {
            LOGGER.warn("batch job {} could not be handed back, and its lease will expire", job.id(), e);
        }
        failMigrationToo(failure);
        return handedBack(Reason.MIGRATION_STOPPED);
    }

    private BatchOutcome fail(Failure failure, Throwable thrown) {
        LOGGER.debug("batch job {} of '{}' failed", job.id(), migration.name(), thrown);
        try {
            Optional<Integer> attempts = lease.fail(failure, size.rows(), job.attempts());
            if (attempts.isEmpty()) {
                return lost("its lease was lost before its failure could be recorded");
            }
            boolean exhausted = attempts.get() >= settings.maxJobAttempts();
            BatchOutcome failed = events.failed(job, failure, exhausted);
            if (exhausted) {
                failMigrationToo(FailureReasons.of(job, attempts.get(), failure));
            }
            return failed;
        } catch (SQLException e) {
            // The first exception is not logged here, because its text may contain row values.
            LOGGER.warn(
                    "could not record a failure of batch job {}; it is tried again when its lease has expired",
                    job.id(),
                    e);
            return lost("its failure could not be recorded: " + failure.message());
        }
    }

    /** Fails the migration. The failure of its batch job is recorded already, so the planner can do it as well. */
    private void failMigrationToo(Failure failure) {
        try {
            failMigration(failure);
        } catch (SQLException e) {
            LOGGER.warn("could not record that '{}' failed; the planner will record it", migration.name(), e);
        }
    }

    private void failMigration(Failure failure) throws SQLException {
        // This is a transaction of its own. If another transaction keeps the migration's row locked, the planner fails
        // the migration later.
        lease.bookkeeping(tx -> MigrationQueries.fail(tx, migration.id(), failure))
                .ifPresent(failed -> events.migrationFailed(failed, failure));
    }

    private BatchOutcome handBack(Reason reason) {
        connection.giveBack();
        try {
            boolean held = reason == Reason.STOPPING ? lease.handOver() : lease.handBack();
            return held ? handedBack(reason) : lost("its lease was lost before it could be handed back");
        } catch (SQLException e) {
            return lost("it could not be handed back, and its lease will expire: " + e.getMessage());
        }
    }

    private BatchOutcome handedBack(Reason reason) {
        return events.handedBack(job, reason);
    }

    private BatchOutcome finished() {
        return events.finished(job);
    }

    private BatchOutcome lost(String why) {
        return events.lost(job, why);
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }
}
