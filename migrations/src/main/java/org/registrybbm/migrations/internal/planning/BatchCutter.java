package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.sizing.BatchSizes;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.internal.walk.RangeQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.Walk;
import org.registrybbm.migrations.internal.walk.WalkQueries;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.model.Strategy;
import org.registrybbm.migrations.settings.EngineSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts new batch jobs of one migration along its walks, inside the planner's transaction.
 *
 * @param lanes about how many batch jobs of the migration run at once
 */
record BatchCutter(Connection connection, ResolvedMigration definition, EngineSettings settings, int lanes) {
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchCutter.class);
    private static final int SLOW_INDEX_CUT = 16;
    // 1 GiB in blocks of 8 KiB. Smaller tables are soon in memory, whatever the order of the rows is.
    private static final int BIG_TABLE_BLOCKS = 131_072;
    private static final double LITTLE_CORRELATION = 0.2;
    // A worker that becomes free meanwhile waits for the plan.
    private static final Duration LONGEST_ROUND = Duration.ofMillis(50);

    /**
     * Cuts batch jobs until there are enough.
     *
     * @param due the list to which new batch jobs are added
     * @param wanted how many batch jobs the list should hold at least
     * @return whether nothing is left to cut
     */
    boolean cut(List<DueJob> due, int wanted) throws SQLException {
        if (!definition.target().partitioned()) {
            estimate();
        }
        boolean nothingLeft = true;
        // Most walks over partitions yield at least one batch job.
        int some = wanted - due.size() + 1;
        List<Walk> first = WalkQueries.toCut(connection, migration().id(), 0, some);
        for (List<Walk> walks = first; !walks.isEmpty(); walks = behind(walks, some)) {
            nothingLeft &= cut(walks, first.size() == 1, due, wanted);
            if (due.size() >= wanted) {
                return false;
            }
        }
        return nothingLeft;
    }

    private List<Walk> behind(List<Walk> walks, int some) throws SQLException {
        return WalkQueries.toCut(
                connection, migration().id(), walks.get(walks.size() - 1).id(), some);
    }

    private boolean cut(List<Walk> walks, boolean last, List<DueJob> due, int wanted) throws SQLException {
        boolean nothingLeft = true;
        for (Walk walk : walks) {
            Optional<TargetTable> target = definition.targetOf(connection, walk);
            if (target.isEmpty()) {
                LOGGER.info(
                        "a table is no longer a partition of the table of '{}'; its walk ends",
                        migration().name());
                WalkQueries.moveCut(connection, walk, walk.cutKey(), true, walk.cutRows());
            } else if (due.size() >= wanted) {
                return false;
            } else {
                nothingLeft &= cut(walk, target.get(), due, wanted, last);
            }
        }
        return nothingLeft;
    }

    private boolean cut(Walk walk, TargetTable target, List<DueJob> due, int wanted, boolean last) throws SQLException {
        WalkedTable table = definition.walked(connection, target, walk.treatment(definition));
        BatchingStrategy strategy = walk.strategy(definition);
        strategy.check(connection, table);
        List<JobQueries.Figures> recent =
                JobQueries.recent(connection, migration().id());
        BatchSizes sizes = BatchSizes.of(connection, recent, migration(), settings);
        OptionalLong total = last && !strategy.searches() ? total(strategy, target) : OptionalLong.empty();
        if (strategy.searches() && JobQueries.anyFailed(connection, migration().id())) {
            // The rows of the failed batch jobs are still there, and a new batch job would take them.
            return false;
        }
        if (definition.target().partitioned()
                && strategy.estimate(connection, target).isPresent()) {
            // All partitions are asked for an estimate only if the next one has one.
            estimate();
        }
        boolean numbers = strategy.countsInNumbers(target);
        Key cut = numbers
                ? RangeQueries.lastMax(connection, migration().id(), walk).orElse(null)
                : walk.cutKey();
        long cutRows = walk.cutRows();
        BatchingStrategy.Size size = sizes.next(total, cutRows, lanes);
        int sameSize = 0;
        long began = System.nanoTime();
        while (due.size() < wanted || sameSize > 0 && System.nanoTime() - began < LONGEST_ROUND.toNanos()) {
            if (sameSize == 0) {
                size = sizes.next(total, cutRows, lanes);
                // What is left is shared out in rounds of equal batches, so that the workers that become free next find
                // theirs already cut.
                sameSize = size.rows() < sizes.rows() ? lanes : 1;
            }
            sameSize--;
            Optional<BatchingStrategy.Cut> next = next(strategy, table, cut, size);
            if (next.isEmpty()) {
                if (!strategy.searches()) {
                    WalkQueries.moveCut(connection, walk, walk.cutKey(), true, cutRows);
                }
                return true;
            }
            BatchJob.Range range = next.get().range();
            long id = insert(walk, range, recent);
            due.add(new DueJob(id, null));
            tellSize(recent, id, next.get().rows(), size.rows() < sizes.rows());
            cutRows += next.get().rows();
            if (numbers) {
                cut = Key.of(range.max());
                WalkQueries.moveCut(connection, walk, null, false, cutRows);
            } else {
                cut = range.through();
                WalkQueries.moveCut(connection, walk, cut, cut == null, cutRows);
                if (cut == null) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Returns the number of rows when the migration began. What the migration has written since makes the table look larger than it is. */
    private OptionalLong total(BatchingStrategy strategy, TargetTable target) throws SQLException {
        Long atTheBegin = migration().totalTupleCount();
        return atTheBegin != null && !definition.target().partitioned()
                ? OptionalLong.of(atTheBegin)
                : strategy.estimate(connection, target);
    }

    private BatchedMigration migration() {
        return definition.migration();
    }

    /** Creates a batch job and returns its id. */
    long insert(Walk walk, BatchJob.Range range, List<JobQueries.Figures> recent) throws SQLException {
        Integer subBatchSize = recent.stream()
                .map(JobQueries.Figures::subBatchSize)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        boolean integerKey =
                definition.strategy().followsKey() && definition.target().key().isInteger();
        return RangeQueries.cut(
                connection, migration().id(), new RangeQueries.NewJob(walk, range, integerKey, subBatchSize));
    }

    private void tellSize(List<JobQueries.Figures> recent, long jobId, long size, boolean shared) throws SQLException {
        Long before = recent.stream()
                .map(JobQueries.Figures::covered)
                .filter(covered -> covered != null && covered > 0)
                .findFirst()
                .orElse(null);
        if (EventQueries.isWorthTelling(before, size)) {
            EventQueries.record(
                    connection,
                    migration().id(),
                    jobId,
                    null,
                    new EventQueries.Event(
                            "batch_size",
                            before,
                            size,
                            shared
                                    ? "shares the rows that are left with the other batch jobs"
                                    : "aims at its target time"));
        }
    }

    /** Finds the end of the next batch; a nearer one if the index is too slow to be walked that far. */
    private Optional<BatchingStrategy.Cut> next(
            BatchingStrategy strategy, WalkedTable table, @Nullable Key cut, BatchingStrategy.Size size)
            throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            Optional<BatchingStrategy.Cut> next = strategy.cut(connection, table, cut, size);
            connection.releaseSavepoint(before);
            return next;
        } catch (SQLException e) {
            if (size.rows() == 1 || !SqlFailures.isWorthSmaller(e)) {
                throw e;
            }
            connection.rollback(before);
            return next(
                    strategy,
                    table,
                    cut,
                    new BatchingStrategy.Size(Math.max(1, size.rows() / SLOW_INDEX_CUT), size.keysPerRow()));
        }
    }

    private void estimate() throws SQLException {
        if (migration().totalTupleCount() != null) {
            return;
        }
        OptionalLong estimate = definition.strategy().estimate(connection, definition.target());
        if (estimate.isPresent()) {
            MigrationQueries.setTotal(connection, migration().id(), estimate.getAsLong());
            propose();
        }
    }

    /** Proposes once to use another strategy, if ranges of the key would touch the blocks of a large table again and again. */
    private void propose() throws SQLException {
        if (!definition.strategy().followsKey()) {
            return;
        }
        Optional<Double> correlation = StatisticsQueries.correlation(connection, definition.target(), BIG_TABLE_BLOCKS);
        if (correlation.isPresent() && Math.abs(correlation.get()) < LITTLE_CORRELATION) {
            String proposal = String.format(
                    Locale.ROOT,
                    "the order of %s has little to do with where the rows of %s lie (correlation %.2f), so each batch touches"
                            + " blocks all over the table; a migration queued with the strategy %s touches each block once (the"
                            + " strategy of this migration stays as it is)",
                    definition.target().column(),
                    definition.target().table(),
                    correlation.get(),
                    Strategy.BLOCKS);
            LOGGER.info("'{}': {}", migration().name(), proposal);
            EventQueries.record(connection, migration().id(), new EventQueries.Event("proposed", proposal));
        }
    }
}
