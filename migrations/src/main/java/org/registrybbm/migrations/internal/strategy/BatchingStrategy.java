package org.registrybbm.migrations.internal.strategy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.model.Strategy;
import org.registrybbm.migrations.work.Batch;

/** Decides how a table is cut into batches, and a batch into sub-batches. Strategies have no state. */
public sealed interface BatchingStrategy
        permits KeysetBatching, PredicateBatching, BlockBatching, BlockProof, QuarantineRetry {
    /** Returns the strategy for a value of {@code batching_strategy}, which may be null; empty if this version does not know it. */
    static Optional<BatchingStrategy> named(@Nullable String name) {
        return Strategy.of(name).map(strategy -> switch (strategy) {
            case KEYS -> new KeysetBatching();
            case NULLS -> new PredicateBatching(true);
            case PREDICATE -> new PredicateBatching(false);
            case BLOCKS -> new BlockBatching();
        });
    }

    /**
     * The wanted size of a batch.
     *
     * @param rows how many rows it should have, at least 1
     * @param keysPerRow how many integer keys there are for each row, because of gaps, judged by finished batch jobs; empty if unknown
     */
    record Size(long rows, OptionalDouble keysPerRow) {}

    /**
     * A new batch.
     *
     * @param range the range that it covers
     * @param rows about how many rows it has
     */
    record Cut(BatchJob.Range range, long rows) {}

    /**
     * How many rows a sub-batch has.
     *
     * @param rows the number of rows, or the most that it can be
     * @param assumed the rows to count to get the exact number; empty if the number is exact
     */
    record Covered(long rows, Optional<Batch> assumed) {
        static Covered exactly(long rows) {
            return new Covered(rows, Optional.empty());
        }

        /** Returns the number for a sub-batch of so many keys that no two rows can share. The batch has at most that many rows. */
        static Covered atMost(long keys, Batch batch) {
            return new Covered(keys, Optional.of(batch));
        }
    }

    /**
     * The next sub-batch of a batch job.
     *
     * @param table the table as the sub-batch sees it, without the rows of its range that are in quarantine
     * @param batch its rows; if {@link WalkedTable#pendingOnly} is true, the work function gets only those that are pending
     * @param lastKey the cursor once the sub-batch is committed; null if the strategy has no cursor
     * @param covered how many rows it has
     * @param last whether it is the last sub-batch of the batch job
     */
    record SubBatch(
            WalkedTable table, Batch batch, @Nullable Key lastKey, Covered covered, boolean last) {}

    /** Returns whether the strategy needs the column that {@code column_name} names. If not, the column is not looked up. */
    default boolean hasKey() {
        return true;
    }

    /** Returns whether rows are met in the order of a key, so that a row whose key is changed may be met twice or never. */
    default boolean followsKey() {
        return false;
    }

    /**
     * Returns whether each sub-batch searches for pending rows and locks them before the work gets them. Such a strategy has no ranges: the
     * work is over when a search finds no row.
     */
    default boolean searches() {
        return false;
    }

    /** Returns whether the batch jobs of this strategy only check that no row is left, and change none. */
    default boolean proves() {
        return false;
    }

    /** Returns whether the ranges of batch jobs are stored as numbers, in {@code min_value} and {@code max_value}, and not as keys. */
    default boolean countsInNumbers(TargetTable target) {
        return true;
    }

    /** Returns whether a sub-batch may contain rows that are done already, which the work function must not get again. */
    default boolean meetsDoneRows() {
        return false;
    }

    /**
     * Checks that a table has what the strategy needs.
     *
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException if the migration cannot run as it is defined
     */
    void check(Connection connection, WalkedTable table) throws SQLException;

    /** Returns the condition that a row is pending, if the strategy itself states it; empty if that is up to the work function. */
    default Optional<String> pending(TargetTable target) {
        return Optional.empty();
    }

    /** Estimates how many rows the migration has in a table; empty if that is unknown. */
    OptionalLong estimate(Connection connection, TargetTable target) throws SQLException;

    /** Returns whether batch jobs cover ranges. Together they then cover the whole table, and gaps between them can be found. */
    boolean hasRanges();

    /**
     * Cuts the next batch.
     *
     * @param cut where the last batch ended; null before the first one
     * @param size the wanted size of the batch
     * @return the batch; empty if nothing is left to cut
     */
    Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size) throws SQLException;

    /** Returns the next sub-batch of a batch job; empty if nothing is left in it. */
    Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted) throws SQLException;
}
