package org.registrybbm.app.internal.operate;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.verification.VerificationResult.Verdict;
import org.registrybbm.migrations.verification.Verifications.Ticket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies migrations for requests that cannot wait for the result: one at a time, in a thread of this replica. What it has come to is in
 * the database, so that each replica can tell. It ends early when the replica stops, and begins again only when somebody asks again.
 */
public final class BackgroundVerification implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(BackgroundVerification.class);
    private static final Duration SIGN_OF_LIFE_EVERY = Duration.ofSeconds(5);
    private static final Duration PATIENCE_AT_THE_END = Duration.ofMillis(800);

    private final BatchedMigrations engine;

    // The second thread says that the first one lives, because one statement may read for minutes.
    private final ScheduledThreadPoolExecutor threads =
            new ScheduledThreadPoolExecutor(2, BackgroundVerification::thread);
    private @Nullable String migration;
    private volatile boolean stopping;

    /** One verification. */
    private static final class Run {
        final Ticket ticket;
        volatile long rowsRead;
        volatile boolean lost;

        Run(Ticket ticket) {
            this.ticket = ticket;
        }
    }

    /** Creates an instance that does nothing yet, and has no threads before it does. */
    public BackgroundVerification(BatchedMigrations engine) {
        this.engine = engine;
        threads.setKeepAliveTime(10, TimeUnit.SECONDS);
        threads.allowCoreThreadTimeOut(true);
        threads.setRemoveOnCancelPolicy(true);
    }

    /**
     * Begins to verify a migration.
     *
     * @return false if a replica, this one or another, is at it already
     * @throws BusyException if this replica verifies another migration, or stops
     */
    synchronized boolean begin(String name, Decider decider) {
        if (stopping) {
            throw stopsNow();
        }
        if (name.equals(migration)) {
            return false;
        }
        if (migration != null) {
            throw new BusyException("this replica is verifying '" + migration
                    + "', and verifies one migration at a time; nothing was begun; ask again when that has ended");
        }
        Optional<Ticket> ticket = engine.verifications().begin(name, engine.replica(), decider);
        if (ticket.isEmpty()) {
            return false;
        }
        Run run = new Run(ticket.get());
        try {
            threads.execute(() -> verify(name, run));
        } catch (RejectedExecutionException e) {
            boolean unused = engine.verifications().end(run.ticket, engine.replica(), 0, stopped(name));
            throw stopsNow();
        }
        migration = name;
        return true;
    }

    private static VerificationResult stopped(String name) {
        return new VerificationResult(name, Verdict.STOPPED, 0, List.of(), "stopped before it began");
    }

    private static BusyException stopsNow() {
        return new BusyException("this replica stops; nothing was begun; ask another one, or this one again later");
    }

    private void verify(String name, Run run) {
        try {
            VerificationResult result = result(name, run);
            if (!engine.verifications().end(run.ticket, engine.replica(), run.rowsRead, result)) {
                LOGGER.warn(
                        "the verification of {} was recorded as lost, or the migration was deleted; its result is not recorded: {}",
                        name,
                        result.explanation());
            }
        } catch (RuntimeException e) {
            LOGGER.warn(
                    "the end of the verification of {} could not be recorded; it will count as lost; ask for it again",
                    name,
                    e);
        } finally {
            synchronized (this) {
                migration = null;
            }
        }
    }

    private VerificationResult result(String name, Run run) {
        ScheduledFuture<?> life = null;
        try {
            life = threads.scheduleWithFixedDelay(
                    () -> goesOn(run),
                    SIGN_OF_LIFE_EVERY.toMillis(),
                    SIGN_OF_LIFE_EVERY.toMillis(),
                    TimeUnit.MILLISECONDS);
            return engine.verify(List.of(name), () -> stopping || run.lost, (any, rows) -> run.rowsRead = rows)
                    .get(0);
        } catch (RejectedExecutionException e) {
            return stopped(name);
        } catch (DatabaseException e) {
            return unknown(name, String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            // Whoever asked waits for an end, and would be told after a minute only that it was lost.
            LOGGER.error("the verification of {} failed", name, e);
            return unknown(
                    name,
                    "a fault of this program or of the work function; the log of " + engine.replica() + " says more");
        } finally {
            if (life != null) {
                life.cancel(false);
            }
        }
    }

    private static VerificationResult unknown(String name, String why) {
        return new VerificationResult(name, Verdict.UNKNOWN, 0, List.of(), "could not be verified: " + why);
    }

    private void goesOn(Run run) {
        try {
            run.lost = !engine.verifications().goesOn(run.ticket, run.rowsRead);
        } catch (RuntimeException e) {
            LOGGER.debug("the progress of a verification could not be recorded", e);
        }
    }

    /** Lets no verification begin any more, and one that is under way end after the range that it is reading. */
    public void stop() {
        stopping = true;
    }

    /** Stops, and waits shortly for the end of what is under way. A range that takes longer is left to the end of its connection. */
    @Override
    public void close() throws InterruptedException {
        stop();
        threads.shutdown();
        if (!threads.awaitTermination(PATIENCE_AT_THE_END.toMillis(), TimeUnit.MILLISECONDS)) {
            LOGGER.warn("a verification is cut off because the replica stops; it will count as lost; ask for it again");
        }
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "bbm-verification");
        thread.setDaemon(true);
        return thread;
    }
}
