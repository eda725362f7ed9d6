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
 * How many rows the next batches of a migration have.
 *
 * @param rows where there are enough of them
 * @param least what batches are not made smaller than so as to share out what is left
 * @param keysPerRow how far apart integer keys lie; empty when nothing tells
 */
public record BatchSizes(long rows, long least, OptionalDouble keysPerRow) {
    private static final long FEW_ROWS = 1_000;
    // Of the target time: a lane that stands idle for that long at the end is none to care about.
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
        // A batch that would take long at its rate holds a place for as long.
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
     * @param total about how many rows the walk has, or empty when nobody knows
     * @param cut about how many of them batch jobs hold already
     * @param lanes about how many batch jobs run at once
     */
    public BatchingStrategy.Size next(OptionalLong total, long cut, int lanes) {
        long left = total.isPresent() ? total.getAsLong() - cut : 0;
        return new BatchingStrategy.Size(Sizing.shared(rows, left, lanes, least), keysPerRow);
    }

    /**
     * Returns how far apart integer keys lie, by the densest of the last batches that are done, so that no batch grows too big where a
     * gap ends. Empty when none tells: the first one begins at the migration's bound, and not at a key.
     */
    private static OptionalDouble keysPerRow(List<JobQueries.Figures> recent, BatchedMigration migration) {
        return recent.stream()
                .filter(job -> job.rows() >= FEW_ROWS)
                .filter(job -> job.minValue() > migration.bounds().first())
                .mapToDouble(job -> ((double) job.maxValue() - job.minValue() + 1) / job.rows())
                .min();
    }
}
