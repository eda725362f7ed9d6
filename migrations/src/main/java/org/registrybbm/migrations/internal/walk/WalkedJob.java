package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.Wanted;
import org.registrybbm.migrations.model.BatchJob;

/**
 * The table of a batch job, and the strategy that cuts the batch job into sub-batches.
 *
 * @param strategy finds the rows of the next sub-batch
 * @param table the table to find them in
 */
public record WalkedJob(BatchingStrategy strategy, WalkedTable table) {
    /**
     * Finds the table of a batch job. It is empty if the table is no longer a partition of the migration's table, or if the walk was
     * deleted, so that nobody can say what the batch job was to do.
     */
    public static Optional<WalkedJob> of(Connection connection, ResolvedMigration definition, BatchJob job)
            throws SQLException {
        if (job.walkId() == null) {
            return Optional.of(new WalkedJob(
                    definition.strategy(), definition.walked(connection, definition.target(), Treatment.CHANGE)));
        }
        Optional<Walk> walk = WalkQueries.find(connection, job.walkId());
        if (walk.isEmpty()) {
            return Optional.empty();
        }
        Optional<TargetTable> target = definition.targetOf(connection, walk.get());
        if (target.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new WalkedJob(
                walk.get().strategy(definition),
                definition.walked(connection, target.get(), walk.get().treatment(definition))));
    }

    /**
     * Returns whether the walk of a batch job was begun with another definition than the migration has now, or in another database. The
     * planner may not have noticed that yet.
     *
     * @param known the table of the batch job if this run has already found it; the definition then does not change any more within the run
     */
    public static boolean isEdited(Connection connection, BatchJob job, @Nullable WalkedJob known) throws SQLException {
        return known == null
                && job.walkId() != null
                && (WalkQueries.isEdited(connection, job.walkId()) || Origin.isElsewhere(connection, job.walkId()));
    }

    /** Returns this table with the current rows of the quarantine, after rows may have come into it or left it. */
    public WalkedJob again(Connection connection, boolean anyQuarantined) throws SQLException {
        return new WalkedJob(strategy, table.again(connection, anyQuarantined));
    }

    /** Returns this batch job with the table as one of its sub-batches sees it. */
    public WalkedJob as(BatchingStrategy.SubBatch subBatch) {
        return new WalkedJob(strategy, subBatch.table());
    }

    public Optional<BatchingStrategy.SubBatch> next(Connection connection, BatchJob job, Wanted wanted)
            throws SQLException {
        return strategy.next(connection, table, job, wanted);
    }
}
