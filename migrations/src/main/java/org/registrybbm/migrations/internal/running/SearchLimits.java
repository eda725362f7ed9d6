package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Consumer;
import org.registrybbm.migrations.internal.lease.Lease;
import org.registrybbm.migrations.internal.sharing.PaceQueries;

/**
 * Limits how long one transaction searches for failing rows.
 *
 * @param patience gives the transaction more time than a sub-batch usually has
 */
record SearchLimits(Connection tx, Lease lease, Consumer<Duration> patience) {
    // In target times of a sub-batch, because a pause has to wait for the search.
    private static final int TARGETS = 2;

    /** Returns how long a search may continue after it has found something. */
    Duration longest() {
        return lease.settings().targets().subBatch().multipliedBy(TARGETS);
    }

    /** Returns whether the search must end even if it has found nothing, for example because the migration was paused. */
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
