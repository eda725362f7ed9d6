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

/** How a table is cut into batches, and a batch into sub-batches. Stateless. */
public sealed interface BatchingStrategy
        permits KeysetBatching, PredicateBatching, BlockBatching, BlockProof, QuarantineRetry {
    /** The strategy of a {@code batching_strategy}; empty when this code knows none of that name. */
    static Optional<BatchingStrategy> named(@Nullable String name) {
        return Strategy.of(name).map(strategy -> switch (strategy) {
            case KEYS -> new KeysetBatching();
            case NULLS -> new PredicateBatching(true);
            case PREDICATE -> new PredicateBatching(false);
            case BLOCKS -> new BlockBatching();
        });
    }

    /**
     * How big a batch should be.
     *
     * @param rows at least 1
     * @param keysPerRow how far apart integer keys lie, by the last batch that is done; empty when there is none
     */
    record Size(long rows, OptionalDouble keysPerRow) {}

    /**
     * A new batch.
     *
     * @param range what it covers
     * @param rows about how many it has
     */
    record Cut(BatchJob.Range range, long rows) {}

    /**
     * How many rows a sub-batch has.
     *
     * @param rows how many
     * @param assumed the rows to count, where there may be fewer; empty where the number is exact
     */
    record Covered(long rows, Optional<Batch> assumed) {
        static Covered exactly(long rows) {
            return new Covered(rows, Optional.empty());
        }

        /** Returns it where as many keys are taken for as many rows. */
        static Covered atMost(long keys, Batch batch) {
            return new Covered(keys, Optional.of(batch));
        }
    }

    /**
     * The next sub-batch of a batch job.
     *
     * @param table the table as the sub-batch sees it, without rows of its range that are in quarantine
     * @param batch its rows; the work function gets those of them that are pending, where {@link WalkedTable#pendingOnly} says so
     * @param lastKey the cursor once it is committed, or null where the strategy has none
     * @param covered how many rows it has
     * @param last whether the batch job is finished with it
     */
    record SubBatch(
            WalkedTable table, Batch batch, @Nullable Key lastKey, Covered covered, boolean last) {}

    /** Returns whether {@code column_name} names a key, or anything else, which is then not looked for. */
    default boolean hasKey() {
        return true;
    }

    /** Returns whether the rows are met in the order of a key, so that one whose key is changed may be met twice or never. */
    default boolean followsKey() {
        return false;
    }

    /**
     * Returns whether each sub-batch searches for rows and locks them before the work gets them, until there is none. Then only the rows
     * themselves tell that nothing is left.
     */
    default boolean searches() {
        return false;
    }

    /** Returns whether its batch jobs look whether rows are left, and change none. */
    default boolean proves() {
        return false;
    }

    /** Returns whether {@code min_value} and {@code max_value} hold the ranges of batch jobs. */
    default boolean countsInNumbers(TargetTable target) {
        return true;
    }

    /** Returns whether a sub-batch has rows that are done already, which the work function must not get again. */
    default boolean meetsDoneRows() {
        return false;
    }

    /**
     * Checks what the strategy needs of a table.
     *
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when the migration cannot run as it is defined
     */
    void check(Connection connection, WalkedTable table) throws SQLException;

    /** Returns which rows are not done, where the strategy itself says so and not the work function. */
    default Optional<String> pending(TargetTable target) {
        return Optional.empty();
    }

    /** Estimates how many rows the migration has. */
    OptionalLong estimate(Connection connection, TargetTable target) throws SQLException;

    /** Returns whether batch jobs cover ranges, so that they cover the whole table once and gaps between them can be found. */
    boolean hasRanges();

    /**
     * Cuts the next batch.
     *
     * @param cut where the last batch ended, or null before the first
     * @param size how big it should be
     * @return the batch, or empty when nothing is left to cut
     */
    Optional<Cut> cut(Connection connection, WalkedTable table, @Nullable Key cut, Size size) throws SQLException;

    /** Returns the next sub-batch of a batch job, or empty when nothing is left in it. */
    Optional<SubBatch> next(Connection connection, WalkedTable table, BatchJob job, Wanted wanted) throws SQLException;
}
