package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.walk.RangeQueries;
import org.registrybbm.migrations.internal.walk.RangeSums;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.Walk;
import org.registrybbm.migrations.internal.walk.WalkQueries;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.DueJob;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds ranges that no batch job covers, for example after somebody deleted a batch job or moved a bound. Finished means that every key was
 * processed, and not only that all batch jobs that are left in the table were.
 */
record Gaps(Connection connection, ResolvedMigration definition, BatchCutter cutter) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Gaps.class);

    /**
     * Cuts a batch job for the first gap.
     *
     * @param due the list to which the batch job is added
     * @return whether there was a gap
     */
    boolean cutFirst(List<DueJob> due) throws SQLException {
        if (!definition.strategy().hasRanges()) {
            return false;
        }
        for (Walk walk : GapQueries.doubtful(connection, migration().id(), ends())) {
            Optional<TargetTable> target = definition.targetOf(connection, walk);
            if (target.isPresent()) {
                // This is stored first, so that a batch job that somebody deletes while the ranges are compared is
                // noticed afterwards.
                GapQueries.note(connection, walk, true);
                if (reopen(walk, target.get()) || cut(walk, target.get(), due)) {
                    GapQueries.note(connection, walk, false);
                    return true;
                }
            }
        }
        return false;
    }

    private GapQueries.Ends ends() {
        boolean keys = definition.strategy().followsKey();
        return new GapQueries.Ends(
                countsInNumbers(definition.target()),
                keys ? migration().bounds().first() : 0,
                keys ? migration().bounds().last() : Long.MIN_VALUE);
    }

    private boolean cut(Walk walk, TargetTable target, List<DueJob> due) throws SQLException {
        Optional<BatchJob.Range> gap = gap(walk, target);
        if (gap.isPresent()) {
            LOGGER.warn(
                    "no batch job of '{}' covers {} of {}, perhaps because somebody deleted one; a new batch job runs that range now",
                    migration().name(),
                    gap.get(),
                    target.table());
            List<JobQueries.Figures> recent =
                    JobQueries.recent(connection, migration().id());
            due.add(new DueJob(cutter.insert(walk, gap.get(), recent), null));
        }
        return gap.isPresent();
    }

    private Optional<BatchJob.Range> gap(Walk walk, TargetTable target) throws SQLException {
        if (!countsInNumbers(target) && RangeSums.leadThrough(connection, walk)) {
            return Optional.empty();
        }
        // Sorting millions of ranges takes long, but with a shorter limit the plan would begin with it again for ever.
        Jdbc.run(connection, TransactionSettings.LONG_STATEMENT);
        Optional<BatchJob.Range> gap = countsInNumbers(target)
                ? RangeQueries.firstGap(connection, migration().id(), walk, ends().least())
                : RangeQueries.firstGap(connection, walk, target.key());
        Jdbc.run(connection, TransactionSettings.PLAN_STATEMENT);
        return gap;
    }

    /** Continues to cut a walk whose end is missing, because the last batch jobs were deleted or the upper bound was raised. */
    private boolean reopen(Walk walk, TargetTable target) throws SQLException {
        boolean reached = countsInNumbers(target)
                ? RangeQueries.lastMax(connection, migration().id(), walk)
                        .filter(last -> last.number() >= ends().most())
                        .isPresent()
                : RangeQueries.hasJobs(connection, walk);
        boolean empty = (!definition.strategy().followsKey() || !walk.onlyTable())
                && StatisticsQueries.heap(connection, target).blocks() == 0;
        if (reached || empty) {
            return false;
        }
        WalkQueries.moveCut(connection, walk, null, false, 0);
        return true;
    }

    private boolean countsInNumbers(TargetTable target) {
        return definition.strategy().countsInNumbers(target);
    }

    private BatchedMigration migration() {
        return definition.migration();
    }
}
