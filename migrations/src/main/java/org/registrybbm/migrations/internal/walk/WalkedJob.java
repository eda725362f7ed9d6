package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.Treatment;
import org.registrybbm.migrations.internal.strategy.WalkedTable;
import org.registrybbm.migrations.internal.strategy.Wanted;
import org.registrybbm.migrations.model.BatchJob;

/**
 * The table of a batch job and how it is cut into sub-batches.
 *
 * @param strategy what finds the next rows
 * @param table where
 */
public record WalkedJob(BatchingStrategy strategy, WalkedTable table) {
    /**
     * Finds the table of a batch job; empty when it is no partition of the migration's table any more, or when its walk was forgotten, so
     * that nobody can say what it was to do.
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
     * Returns whether its walk was begun with another definition than the migration has now, or in another database, as its planner has
     * not seen yet.
     *
     * @param known what is known of it already: the definition does not change any more within a run, then
     */
    public static boolean isEdited(Connection connection, BatchJob job, @Nullable WalkedJob known) throws SQLException {
        return known == null
                && job.walkId() != null
                && (WalkQueries.isEdited(connection, job.walkId()) || Origin.isElsewhere(connection, job.walkId()));
    }

    /** Returns it as it is now that rows may have come into the quarantine or left it. */
    public WalkedJob again(Connection connection, boolean anyQuarantined) throws SQLException {
        return new WalkedJob(strategy, table.again(connection, anyQuarantined));
    }

    /** Returns it as one of its sub-batches sees it. */
    public WalkedJob as(BatchingStrategy.SubBatch subBatch) {
        return new WalkedJob(strategy, subBatch.table());
    }

    public Optional<BatchingStrategy.SubBatch> next(Connection connection, BatchJob job, Wanted wanted)
            throws SQLException {
        return strategy.next(connection, table, job, wanted);
    }
}
