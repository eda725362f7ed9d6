package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.JobStatus;

/** How many rows the next batch of a migration has. */
final class BatchSizes {
    private static final long FEW_ROWS = 1_000;

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

    /**
     * Returns how far apart integer keys lie, by the densest of the last batches that are done, so that no batch grows too big where a
     * gap ends. Empty when none tells: the first one begins at the migration's bound, and not at a key.
     */
    static OptionalDouble keysPerRow(List<JobQueries.Figures> newest, BatchedMigration migration) {
        return newest.stream()
                .filter(job -> job.status() == JobStatus.FINISHED.code())
                .filter(job -> job.rows() >= FEW_ROWS)
                .filter(job -> job.minValue() > migration.minValue())
                .mapToDouble(job -> ((double) job.maxValue() - job.minValue() + 1) / job.rows())
                .min();
    }

    private static long adapted(List<JobQueries.Figures> newest, BatchedMigration migration, Duration target) {
        Optional<JobQueries.Figures> last = newest.stream()
                .filter(job -> job.status() == JobStatus.FINISHED.code())
                .filter(job -> job.rows() > 0 && job.busyMillis() != null)
                .findFirst();
        if (last.isEmpty()) {
            return migration.batchSize();
        }
        long busy = last.get().busyMillis() == null ? 0 : last.get().busyMillis();
        return migration.batchSizes().clamp(Sizing.nextBatch(last.get().rows(), Duration.ofMillis(busy), target));
    }
}
