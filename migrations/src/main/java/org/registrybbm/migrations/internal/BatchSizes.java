package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.JobStatus;

/** How many rows the next batch of a migration has. */
final class BatchSizes {
    private BatchSizes() {}

    static long next(
            Connection connection, List<JobQueries.Figures> newest, BatchedMigration migration, EngineSettings settings)
            throws SQLException {
        Duration target = settings.targets().batch();
        if (migration.batchSizeFixed() || target.isZero()) {
            return migration.batchSize();
        }
        // A batch that would take long at its rate holds a place for as long.
        return BudgetQueries.rate(connection, migration.id()).atMost(adapted(newest, migration, target), target);
    }

    private static long adapted(List<JobQueries.Figures> newest, BatchedMigration migration, Duration target) {
        Optional<JobQueries.Figures> last = newest.stream()
                .filter(job -> job.status() == JobStatus.FINISHED.code())
                .filter(job -> job.covered() != null && job.covered() > 0 && job.busyMillis() != null)
                .findFirst();
        if (last.isEmpty()) {
            return migration.batchSize();
        }
        long covered = last.get().covered() == null
                ? migration.batchSize()
                : last.get().covered();
        long busy = last.get().busyMillis() == null ? 0 : last.get().busyMillis();
        return migration.batchSizes().clamp(Sizing.nextBatch(covered, Duration.ofMillis(busy), target));
    }
}
