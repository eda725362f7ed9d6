package org.registrybbm.migrations.internal.lease;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.sharing.BudgetQueries;
import org.registrybbm.migrations.internal.sharing.PaceQueries;
import org.registrybbm.migrations.internal.sharing.RowRate;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one run of a batch job within the rows per second of its budgets. It pays after each sub-batch, and before the next one it waits
 * until everything is paid for.
 *
 * <p>Each payment covers a period of time: as long as the rows take at the rate. The period begins where the previous one ended, or when
 * the sub-batch began if that is later. So within any time, the rows are at most those of that time at the rate, plus one sub-batch of each
 * worker, which is half a second's rows.
 */
public final class Pacer {
    private static final Logger LOGGER = LoggerFactory.getLogger(Pacer.class);
    private static final Duration LONGEST_SLICE = Duration.ofMillis(500);
    private static final int RENEWALS_PER_LEASE = 3;

    private final Lease lease;
    private final BatchedMigration migration;
    private final Duration slice;
    private @Nullable RowRate rate;
    private @Nullable Debt debt;

    /** What a sub-batch has to pay: the rows that it covered, the rate, and when it began. */
    private record Debt(RowRate rate, long rows, long began) {}

    public Pacer(Lease lease, BatchedMigration migration) {
        this.lease = lease;
        this.migration = migration;
        Duration third = lease.settings().timeouts().lease().dividedBy(RENEWALS_PER_LEASE);
        this.slice = third.compareTo(LONGEST_SLICE) < 0 ? third : LONGEST_SLICE;
    }

    /** Returns how many rows the current sub-batch may have, by the rate that its fence has read. */
    public int atMost(RowRate fenced, int rows) {
        rate = fenced;
        return fenced.atMost(rows);
    }

    /** Returns whether {@link #await} reads the database, instead of returning at once. */
    public boolean hasWaited() {
        return debt != null || rate != null && rate.isLimited();
    }

    /**
     * Pays for a sub-batch that was committed. It never throws, because the sub-batch cannot be undone; what could not be paid is paid
     * before the next sub-batch.
     *
     * @param began when the sub-batch began, as {@link System#nanoTime}
     */
    public void pay(long rows, long began) {
        if (rate == null || !rate.isLimited() || rows == 0) {
            return;
        }
        debt = new Debt(rate, rows, began);
        try {
            payDebt();
        } catch (SQLException | RuntimeException e) {
            LOGGER.debug("could not pay for {} rows yet", rows, e);
        }
    }

    /**
     * Waits until the next sub-batch may start, or until its fence will refuse it. Without a rate it returns at once and reads nothing.
     *
     * @param subBatchSize stored in the batch job's row when its lease is renewed
     * @return false if the worker is to stop
     */
    public boolean await(StopSignal stop, int subBatchSize) throws SQLException {
        long renewed = System.nanoTime();
        while (rate == null || rate.isLimited() || debt != null) {
            Optional<Duration> wait = look();
            if (wait.isEmpty()) {
                return true;
            }
            if (stop.isStopping() || !pause(wait.get())) {
                return false;
            }
            if (System.nanoTime() - renewed >= slice.toNanos()) {
                if (!lease.renew(subBatchSize)) {
                    return true;
                }
                renewed = System.nanoTime();
            }
        }
        return true;
    }

    /** Returns how long to wait before reading again; empty if there is nothing to wait for. */
    private Optional<Duration> look() throws SQLException {
        PaceQueries.Look look = lease.autoCommit(connection -> {
                    Optional<PaceQueries.Look> found = PaceQueries.look(connection, lease.jobId(), lease.token());
                    boolean refused = found.isEmpty()
                            || !found.get().runnable()
                            || found.get().maybeSurplus()
                                    && BudgetQueries.isSurplus(
                                            connection, migration.id(), lease.jobId(), lease.token());
                    return refused ? Optional.<PaceQueries.Look>empty() : found;
                })
                .orElse(null);
        if (look == null) {
            return Optional.empty();
        }
        rate = look.rate();
        if (!look.rate().isLimited()) {
            debt = null;
            return Optional.empty();
        }
        try {
            return settle(look);
        } catch (SQLException e) {
            if (SqlFailures.isConnectionLost(e)) {
                throw e;
            }
            LOGGER.info(
                    "'{}' could not pay for its rows yet, probably because another transaction holds its budget's row; it tries again: {}",
                    migration.name(),
                    e.getMessage());
            return Optional.of(slice);
        }
    }

    private Optional<Duration> settle(PaceQueries.Look look) throws SQLException {
        if (debt != null) {
            payDebt();
            return Optional.of(Duration.ZERO);
        }
        if (look.fleet() != null && look.fleet().isOfAnotherRate()) {
            forgive("fleet", "*", look.fleet().rate());
        }
        if (look.migration() != null && look.migration().isOfAnotherRate()) {
            forgive("migration", migration.name(), look.migration().rate());
        }
        Duration waiting = look.waiting();
        if (waiting.isNegative() || waiting.isZero()) {
            return Optional.empty();
        }
        return Optional.of(waiting.compareTo(slice) < 0 ? waiting : slice);
    }

    private void payDebt() throws SQLException {
        Debt owed = debt;
        if (owed != null) {
            Duration since = Duration.ofNanos(System.nanoTime() - owed.began());
            lease.autoCommit(connection -> {
                PaceQueries.pay(connection, migration.name(), owed.rate(), owed.rows(), since);
                return true;
            });
            debt = null;
        }
    }

    private void forgive(String scope, String subject, long newRate) throws SQLException {
        lease.autoCommit(connection -> {
            PaceQueries.forgive(connection, scope, subject, newRate);
            return true;
        });
    }

    private static boolean pause(Duration wait) {
        try {
            TimeUnit.NANOSECONDS.sleep(wait.toNanos());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
