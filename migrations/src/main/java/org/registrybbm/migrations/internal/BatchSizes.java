package org.registrybbm.migrations.internal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.JobStatus;

/** How many rows the next batch of a migration has. */
final class BatchSizes {
    private BatchSizes() {}

    static long next(List<JobQueries.Figures> newest, BatchedMigration migration, EngineSettings settings) {
        Duration target = settings.targets().batch();
        if (migration.batchSizeFixed() || target.isZero()) {
            return migration.batchSize();
        }
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
