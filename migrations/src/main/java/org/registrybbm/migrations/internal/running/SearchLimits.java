package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Consumer;
import org.registrybbm.migrations.internal.lease.Lease;
import org.registrybbm.migrations.internal.sharing.PaceQueries;

/**
 * How long rows that fail are looked for in one transaction.
 *
 * @param patience gives the transaction more time than a sub-batch has else
 */
record SearchLimits(Connection tx, Lease lease, Consumer<Duration> patience) {
    // Of the time that a sub-batch should take: a pause has to wait for the search.
    private static final int TARGETS = 2;

    /** Returns how long a search may go on that has found something. */
    Duration longest() {
        return lease.settings().targets().subBatch().multipliedBy(TARGETS);
    }

    /** Returns whether it is not to go on even if it has found nothing, as when the migration was paused. */
    boolean isStopped() throws SQLException {
        return PaceQueries.look(tx, lease.jobId(), lease.token())
                .filter(PaceQueries.Look::runnable)
                .isEmpty();
    }

    /** Gives the transaction time for one more try with many rows. */
    void moreTime() {
        patience.accept(lease.settings().timeouts().subBatchLimit());
    }
}
