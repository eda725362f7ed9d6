package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;
import org.registrybbm.migrations.Planner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Cuts new batch jobs of one migration, inside the planner's transaction. */
record Cutter(Connection connection, Definition definition, EngineSettings settings) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Cutter.class);
    private static final int SLOW_INDEX_CUT = 16;

    /**
     * Cuts batch jobs until there are enough.
     *
     * @param due the keys of new batch jobs are added to it
     * @param wanted how many it should hold
     * @return whether nothing is left to cut
     */
    boolean cut(List<Planner.Due> due, int wanted) throws SQLException {
        BatchedMigration migration = definition.migration();
        boolean parallel = definition.strategy().isParallel();
        if (!parallel && JobQueries.unfinished(connection, migration.id()) > 0) {
            return false;
        }
        estimate();
        List<JobQueries.Figures> newest = JobQueries.newest(connection, migration.id());
        long size = BatchSizes.next(connection, migration, settings);
        OptionalLong lastMax = JobQueries.lastMax(connection, migration.id());
        while (due.size() < wanted) {
            Optional<BatchingStrategy.Bounds> bounds = bounds(lastMax, size);
            if (bounds.isEmpty()) {
                return true;
            }
            if (!parallel) {
                requireProgress(newest);
            }
            due.add(new Planner.Due(insert(bounds.get(), newest), null));
            lastMax = OptionalLong.of(bounds.get().max());
            if (!parallel) {
                return false;
            }
        }
        return false;
    }

    /**
     * Cuts a batch job for the first range between the bounds that none covers, as after somebody deleted one or lowered the lower
     * bound. Finished means that every key was processed, not that every batch job left in the table was.
     *
     * @return whether there was such a range
     */
    boolean cutGap(List<Planner.Due> due) throws SQLException {
        if (!definition.strategy().isParallel()) {
            return false;
        }
        BatchedMigration migration = definition.migration();
        Optional<BatchingStrategy.Bounds> gap = JobQueries.firstGap(connection, migration.id());
        if (gap.isPresent()) {
            LOGGER.warn(
                    "no batch job of '{}' covers {} to {}, as when somebody deleted one; that range is run now",
                    migration.name(),
                    gap.get().min(),
                    gap.get().max());
            due.add(new Planner.Due(insert(gap.get(), JobQueries.newest(connection, migration.id())), null));
        }
        return gap.isPresent();
    }

    private long insert(BatchingStrategy.Bounds bounds, List<JobQueries.Figures> newest) throws SQLException {
        Integer subBatchSize = newest.stream()
                .map(JobQueries.Figures::subBatchSize)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        return JobQueries.cut(connection, definition.migration().id(), bounds.min(), bounds.max(), subBatchSize);
    }

    /** Looks for the end of the next batch, nearer when the index is too slow to be walked that far. */
    private Optional<BatchingStrategy.Bounds> bounds(OptionalLong lastMax, long size) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            Optional<BatchingStrategy.Bounds> bounds =
                    definition.strategy().cut(connection, definition.migration(), definition.target(), lastMax, size);
            connection.releaseSavepoint(before);
            return bounds;
        } catch (SQLException e) {
            if (size == 1 || !SqlFailures.isWorthSmaller(e)) {
                throw e;
            }
            connection.rollback(before);
            return bounds(lastMax, Math.max(1, size / SLOW_INDEX_CUT));
        }
    }

    private void estimate() throws SQLException {
        if (definition.migration().totalTupleCount() != null) {
            return;
        }
        OptionalLong estimate = definition.strategy().estimate(connection, definition.target());
        if (estimate.isPresent()) {
            MigrationQueries.setTotal(connection, definition.migration().id(), estimate.getAsLong());
        }
    }

    /** Fails when the predicate still holds for rows although the last two batches since the start found nothing to change. */
    private void requireProgress(List<JobQueries.Figures> newest) {
        BatchedMigration migration = definition.migration();
        Instant start = migration.startedAt();
        boolean stuck = start != null
                && newest.size() >= 2
                && newest.stream().limit(2).allMatch(job -> job.changedNothingSince(start));
        if (stuck) {
            throw new InvalidDefinitionException(
                    FailureCode.NO_PROGRESS,
                    "rows of " + migration.table() + " have no " + migration.column() + " yet, but the work function '"
                            + migration.signature() + "' changed none of them in two batches; it would run for ever");
        }
    }
}
