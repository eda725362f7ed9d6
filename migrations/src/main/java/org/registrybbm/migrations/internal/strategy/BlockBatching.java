package org.registrybbm.migrations.internal.strategy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.quarantine.SparedQueries;
import org.registrybbm.migrations.internal.rows.Places;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.work.Batch;

/**
 * Cuts a table into ranges of its blocks. This is for tables without a key, or with a key whose order has little to do with where the rows
 * lie.
 *
 * <p>A changed row may move to any block, and so may a row that the application changes meanwhile. So each range takes only the rows that
 * are pending, and after each pass a {@link BlockProof} tells whether another pass is needed.
 */
public record BlockBatching() implements BatchingStrategy {
    @Override
    public boolean hasKey() {
        return false;
    }

    @Override
    public boolean meetsDoneRows() {
        return true;
    }

    @Override
    public void check(Connection connection, WalkedTable table) {
        table.pending();
    }

    @Override
    public OptionalLong estimate(Connection connection, TargetTable target) throws SQLException {
        return StatisticsQueries.estimate(connection, target);
    }

    @Override
    public boolean hasRanges() {
        return true;
    }

    @Override
    public Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size)
            throws SQLException {
        StatisticsQueries.Heap heap = StatisticsQueries.heap(connection, table.target());
        long first = cut == null ? 0 : cut.number() + 1;
        if (first >= heap.blocks()) {
            return Optional.empty();
        }
        long last = Math.min(heap.blocks() - 1, first + blocks(heap, size.rows()) - 1);
        long rows = Math.round((last - first + 1) * heap.rowsPerBlock());
        return Optional.of(new Cut(BatchJob.Range.between(first, last), rows));
    }

    @Override
    public Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted)
            throws SQLException {
        long first = job.lastKey() == null ? job.range().min() : job.lastKey().number() + 1;
        if (first > job.range().max()) {
            return Optional.empty();
        }
        StatisticsQueries.Heap heap = StatisticsQueries.heap(connection, table.target());
        long last = Math.min(job.range().max(), first + blocks(heap, wanted.rows()) - 1);
        long covered = Math.round((last - first + 1) * heap.rowsPerBlock());
        WalkedTable seen = table.within(
                connection, new SparedQueries.Range(Places.inBlocks("", first, last), Optional.empty(), covered));
        return Optional.of(new SubBatch(
                seen,
                rows(seen, first, last),
                Key.of(last),
                Covered.exactly(covered),
                last == job.range().max()));
    }

    /** Returns the rows of some blocks, without those in quarantine. */
    public static Batch rows(WalkedTable table, long first, long last) {
        return new Batch(qualifier ->
                Places.inBlocks(qualifier, first, last) + table.spared().and(qualifier));
    }

    private static long blocks(StatisticsQueries.Heap heap, long rows) {
        return Math.max(1, Math.round(rows / heap.rowsPerBlock()));
    }
}
