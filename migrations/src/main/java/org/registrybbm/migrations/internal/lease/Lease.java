package org.registrybbm.migrations.internal.lease;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.LockWaitQueries;
import org.registrybbm.migrations.settings.EngineSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right of one worker to run one batch job now. Every change that the worker makes to the batch job names the token of the lease. A
 * worker that has lost its lease therefore changes nothing.
 */
public record Lease(DataSource dataSource, Replica replica, EngineSettings settings, long jobId, long token) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Lease.class);
    private static final Duration LONGEST_BOOKKEEPING = Duration.ofSeconds(15);
    private static final Duration LONGEST_LOCK_WAIT = Duration.ofSeconds(60);

    /**
     * Opens a connection.
     *
     * @throws SqlFailures.NoConnection if there is none to be had, so that callers can tell this from a statement that failed
     */
    public Connection connect() throws SQLException {
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            throw new SqlFailures.NoConnection(e);
        }
    }

    /**
     * Prepares the transaction of a sub-batch and locks the row of the batch job in it; empty if the lease is lost.
     *
     * @param statementLimit how long one statement of the transaction may take
     */
    public Optional<LeaseQueries.Fenced> fence(Connection tx, Duration statementLimit) throws SQLException {
        Jdbc.run(tx, TransactionSettings.subBatch(settings.timeouts(), statementLimit, jobId));
        return LeaseQueries.fence(tx, this);
    }

    /** Hands the rest of the batch job back without counting an attempt; returns false if the lease is lost. */
    public boolean handBack() throws SQLException {
        return bookkeeping(tx -> LeaseQueries.handBack(tx, this));
    }

    /** Does the same at a shutdown, so that the container registry's own software may run the batch job next. */
    public boolean handOver() throws SQLException {
        return bookkeeping(tx -> LeaseQueries.handOver(tx, this));
    }

    /**
     * Hands the rest of the batch job back for a while, because a lock of another session is in its way.
     *
     * @param blocker whose lock that is; null if unknown
     * @return false if the lease is lost
     */
    public boolean waitForLock(@Nullable String blocker) throws SQLException {
        Duration longest = LONGEST_LOCK_WAIT.compareTo(settings.longestRetryDelay()) < 0
                ? LONGEST_LOCK_WAIT
                : settings.longestRetryDelay();
        return bookkeeping(tx -> LockWaitQueries.handBack(tx, jobId, token, blocker, longest));
    }

    /** Looks up, half a lock timeout from now, whose lock the worker waits for; empty if it waits for none, or if that is unknown. */
    public CompletableFuture<Optional<String>> blocker() {
        long millis = settings.timeouts().lock().toMillis() / 2;
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return autoCommit(session -> LockWaitQueries.blocker(session, jobId));
                    } catch (SQLException e) {
                        LOGGER.debug("who blocks batch job {} is not known", jobId, e);
                        return Optional.empty();
                    }
                },
                CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS));
    }

    /** Extends the lease; returns false if it is lost. */
    public boolean renew(int subBatchSize) throws SQLException {
        return bookkeeping(tx -> LeaseQueries.renew(tx, this, subBatchSize));
    }

    /** Extends the lease, and records another sub-batch size and the reason for it; returns false if the lease is lost. */
    public boolean resize(long migrationId, int from, int to, String why) throws SQLException {
        return bookkeeping(tx -> {
            tellSize(tx, migrationId, (long) from, to, why);
            return LeaseQueries.renew(tx, this, to);
        });
    }

    /** Records another sub-batch size as an event if it differs by enough. The old size is null if this is the first one. */
    public void tellSize(Connection tx, long migrationId, @Nullable Long from, long to, String why)
            throws SQLException {
        if (EventQueries.isWorthTelling(from, to)) {
            EventQueries.record(
                    tx, migrationId, jobId, replica.name(), new EventQueries.Event("sub_batch_size", from, to, why));
        }
    }

    /** Records a failed try and returns how many tries in a row made no progress; empty if the lease is lost. */
    public Optional<Integer> fail(Failure failure, int subBatchSize, int attempt) throws SQLException {
        Duration retryAfter = settings.retryAfter(attempt);
        return bookkeeping(tx -> LeaseQueries.fail(tx, this, failure, subBatchSize, retryAfter));
    }

    /** Works in a short, durable transaction of its own. The transaction is cut off if it takes longer than 15 s. */
    public <T> T bookkeeping(Jdbc.Transaction<T> work) throws SQLException {
        try (Connection connection = connect();
                Watchdog.Watched watched = replica.watchdog().watch(connection, LONGEST_BOOKKEEPING)) {
            return Jdbc.inTransaction(connection, tx -> {
                Jdbc.run(tx, TransactionSettings.SHORT_TRANSACTION);
                return work.run(tx);
            });
        }
    }

    /** Works without a transaction: each statement is committed by itself. The work is cut off if it takes longer than 15 s. */
    <T> T autoCommit(Jdbc.Transaction<T> work) throws SQLException {
        try (Connection connection = connect();
                Watchdog.Watched watched = replica.watchdog().watch(connection, LONGEST_BOOKKEEPING)) {
            return work.run(connection);
        }
    }

    /** Returns the current term. It is made anew each time, because the replica may have lost its session and opened another one. */
    LeaseQueries.Term term() {
        return new LeaseQueries.Term(
                settings.timeouts().lease(), replica.session().get());
    }
}
