package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;

/** How a table is cut into batches, and a batch into sub-batches. Stateless. */
public sealed interface BatchingStrategy permits KeysetBatching, NullPredicateBatching {
    /** The strategy of a {@code batching_strategy}; empty when this code knows none of that name. */
    static Optional<BatchingStrategy> named(@Nullable String name) {
        if (name == null) {
            return Optional.of(new KeysetBatching());
        }
        return name.equals(NullPredicateBatching.NAME) ? Optional.of(new NullPredicateBatching()) : Optional.empty();
    }

    /** The bounds of a new batch job, inclusive. */
    record Bounds(long min, long max) {}

    /**
     * The next sub-batch of a batch job.
     *
     * @param batch what the work function gets
     * @param lastKey the cursor once it is committed, or null where the strategy has none
     * @param covered rows of it, or empty when only the work tells
     * @param last whether the batch job is finished with it
     */
    record SubBatch(Batch batch, @Nullable Long lastKey, OptionalLong covered, boolean last) {}

    /**
     * Checks what the strategy needs of the table.
     *
     * @throws org.registrybbm.migrations.InvalidDefinitionException when the migration cannot run as it is defined
     */
    void check(Connection connection, BatchedMigration migration, Target target) throws SQLException;

    /** Returns a batch of the kind that the work function will get, without rows that matter, to check a definition with. */
    Batch sample(Target target);

    /** Estimates how many rows the migration has. */
    OptionalLong estimate(Connection connection, Target target) throws SQLException;

    /** Returns whether several batch jobs of a migration may run at once. */
    boolean isParallel();

    /**
     * Cuts the next batch.
     *
     * @param lastMax the greatest {@code max_value} of the batch jobs so far
     * @param size rows that it should have
     * @return its bounds, or empty when nothing is left to cut
     */
    Optional<Bounds> cut(
            Connection connection, BatchedMigration migration, Target target, OptionalLong lastMax, long size)
            throws SQLException;

    /** Returns the next sub-batch of a batch job, or empty when nothing is left in it. */
    Optional<SubBatch> next(Connection connection, Target target, BatchJob job, int size) throws SQLException;
}
