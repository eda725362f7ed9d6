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
 * The right of one worker to run one batch job now. Every change of the batch job goes through it and names its token, so a worker
 * that lost it changes nothing.
 */
public record Lease(DataSource dataSource, Replica replica, EngineSettings settings, long jobId, long token) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Lease.class);
    private static final Duration LONGEST_BOOKKEEPING = Duration.ofSeconds(15);
    private static final Duration LONGEST_LOCK_WAIT = Duration.ofSeconds(60);

    /** Opens a connection, and tells one that could not be had from a statement that failed. */
    public Connection connect() throws SQLException {
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            throw new SqlFailures.NoConnection(e);
        }
    }

    /**
     * Locks the batch job's row for the sub-batch's transaction; empty when the lease is lost.
     *
     * @param statementLimit how long one statement of it may take
     */
    public Optional<LeaseQueries.Fenced> fence(Connection tx, Duration statementLimit) throws SQLException {
        Jdbc.run(tx, TransactionSettings.subBatch(settings.timeouts(), statementLimit, jobId));
        return LeaseQueries.fence(tx, this);
    }

    /** Gives the rest of the batch job back, without an attempt counted; false when the lease is lost. */
    public boolean handBack() throws SQLException {
        return bookkeeping(tx -> LeaseQueries.handBack(tx, this));
    }

    /** The same at a shutdown, when the container registry's own software may be the next to run it. */
    public boolean handOver() throws SQLException {
        return bookkeeping(tx -> LeaseQueries.handOver(tx, this));
    }

    /** Gives the rest of the batch job back for a while, as somebody's lock is in its way; false when the lease is lost. */
    public boolean waitForLock(@Nullable String blocker) throws SQLException {
        Duration longest = LONGEST_LOCK_WAIT.compareTo(settings.longestRetryDelay()) < 0
                ? LONGEST_LOCK_WAIT
                : settings.longestRetryDelay();
        return bookkeeping(tx -> LockWaitQueries.handBack(tx, jobId, token, blocker, longest));
    }

    /** Says, half a lock timeout from now, whose lock the worker waits for; empty when it waits for none, or nobody can tell. */
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

    /** Extends the lease; false when it is lost. */
    public boolean renew(int subBatchSize) throws SQLException {
        return bookkeeping(tx -> LeaseQueries.renew(tx, this, subBatchSize));
    }

    /** Extends the lease with another sub-batch size, and tells why; false when it is lost. */
    public boolean resize(long migrationId, int from, int to, String why) throws SQLException {
        return bookkeeping(tx -> {
            tellSize(tx, migrationId, (long) from, to, why);
            return LeaseQueries.renew(tx, this, to);
        });
    }

    /** Records another sub-batch size, when it is another one by enough. */
    public void tellSize(Connection tx, long migrationId, @Nullable Long from, long to, String why)
            throws SQLException {
        if (EventQueries.isWorthTelling(from, to)) {
            EventQueries.record(
                    tx, migrationId, jobId, replica.name(), new EventQueries.Event("sub_batch_size", from, to, why));
        }
    }

    /** Records a failed try, and returns how many there were without progress; empty when the lease is lost. */
    public Optional<Integer> fail(Failure failure, int subBatchSize, int attempt) throws SQLException {
        Duration retryAfter = settings.retryAfter(attempt);
        return bookkeeping(tx -> LeaseQueries.fail(tx, this, failure, subBatchSize, retryAfter));
    }

    /** Works in a short, durable transaction of its own, and is cut off when even that takes too long. */
    public <T> T bookkeeping(Jdbc.Transaction<T> work) throws SQLException {
        try (Connection connection = connect();
                Watchdog.Watched watched = replica.watchdog().watch(connection, LONGEST_BOOKKEEPING)) {
            return Jdbc.inTransaction(connection, tx -> {
                Jdbc.run(tx, TransactionSettings.SHORT_TRANSACTION);
                return work.run(tx);
            });
        }
    }

    /** Runs one statement as a transaction of its own, or reads, and is cut off when that takes too long. */
    <T> T autoCommit(Jdbc.Transaction<T> work) throws SQLException {
        try (Connection connection = connect();
                Watchdog.Watched watched = replica.watchdog().watch(connection, LONGEST_BOOKKEEPING)) {
            return work.run(connection);
        }
    }

    /** Each time with the session of now: the replica's may have been lost and found again. */
    LeaseQueries.Term term() {
        return new LeaseQueries.Term(
                settings.timeouts().lease(), replica.session().get());
    }
}
