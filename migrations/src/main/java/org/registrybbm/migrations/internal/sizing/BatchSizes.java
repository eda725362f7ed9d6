package org.registrybbm.migrations.internal.sizing;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.registrybbm.migrations.internal.sharing.BudgetQueries;
import org.registrybbm.migrations.internal.sharing.RowRate;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.settings.EngineSettings;

/**
 * Decides how many rows the next batches of a migration have.
 *
 * @param rows the size of a batch while there are enough rows
 * @param least the smallest size to which batches shrink when what is left is shared out
 * @param keysPerRow how many keys of an integer key there are for each row, because of gaps; empty if unknown
 */
public record BatchSizes(long rows, long least, OptionalDouble keysPerRow) {
    private static final long FEW_ROWS = 1_000;
    // The part of the target time up to which a worker may stand idle at the end. That is too short to matter.
    private static final int LEAST_PART = 30;

    public static BatchSizes of(
            Connection connection, List<JobQueries.Figures> recent, BatchedMigration migration, EngineSettings settings)
            throws SQLException {
        Duration target = settings.targets().batch();
        Optional<JobQueries.Figures> last = recent.stream()
                .filter(job -> job.rows() > 0 && job.busyMillis() != null)
                .findFirst();
        if (migration.sizing().fixed() || target.isZero()) {
            return new BatchSizes(
                    migration.sizing().first(), migration.sizing().first(), keysPerRow(recent, migration));
        }
        // A batch that takes long because of its rate would occupy a worker for as long.
        RowRate rate = BudgetQueries.rate(connection, migration.id());
        if (last.isEmpty()) {
            long first = rate.atMost(migration.sizing().first(), target);
            return new BatchSizes(first, first, keysPerRow(recent, migration));
        }
        long rows = last.get().rows();
        Duration busy = Duration.ofMillis(Objects.requireNonNull(last.get().busyMillis()));
        long adapted = migration.sizing().batches().clamp(Sizing.nextBatch(rows, busy, target));
        long least = migration
                .sizing()
                .batches()
                .clamp(target.toMillis() / LEAST_PART * rows / Math.max(1, busy.toMillis()));
        return new BatchSizes(rate.atMost(adapted, target), least, keysPerRow(recent, migration));
    }

    /**
     * Returns the size of the next batch.
     *
     * @param total about how many rows the walk has, or empty if unknown
     * @param cut about how many of them are in batch jobs already
     * @param lanes about how many batch jobs run at once
     */
    public BatchingStrategy.Size next(OptionalLong total, long cut, int lanes) {
        long left = total.isPresent() ? total.getAsLong() - cut : 0;
        return new BatchingStrategy.Size(Sizing.shared(rows, left, lanes, least), keysPerRow);
    }

    /**
     * Returns how many keys there are for each row, by the densest of the last finished batch jobs, so that no batch becomes too large
     * where a gap ends. Empty if no batch job tells. The first one does not, because it begins at the migration's bound and not at a key.
     */
    private static OptionalDouble keysPerRow(List<JobQueries.Figures> recent, BatchedMigration migration) {
        return recent.stream()
                .filter(job -> job.rows() >= FEW_ROWS)
                .filter(job -> job.minValue() > migration.bounds().first())
                .mapToDouble(job -> ((double) job.maxValue() - job.minValue() + 1) / job.rows())
                .min();
    }
}
