package org.registrybbm.migrations.internal.planning;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.strategy.KeysetBatching;
import org.registrybbm.migrations.internal.walk.ProofQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.internal.walk.Walk;
import org.registrybbm.migrations.internal.walk.WalkOpener;
import org.registrybbm.migrations.internal.walk.WalkQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.DueJob;

/**
 * Decides what a migration still needs once all its batch jobs are done: no range may be left out, no row may be in quarantine, and there
 * must be a proof that no row is left.
 */
record Completion(Connection connection, ResolvedMigration definition, BatchCutter cutter) {
    /** What is left to do. */
    public sealed interface Left {
        /** More batch jobs, now or at the next turn. */
        record Work() implements Left {}

        /** A person must act. */
        record Person(Failure failure) implements Left {}

        /**
         * Nothing.
         *
         * @param verified whether it is proved that no row is left
         * @param text what is proved and for which rows, for people
         */
        record Nothing(boolean verified, String text) implements Left {}
    }

    /** Opens the walks that come next and cuts their batch jobs, which are added to {@code due}. */
    Left next(List<DueJob> due, int wanted) throws SQLException {
        WalkOpener walks = new WalkOpener(connection, definition);
        if (new Gaps(connection, definition, cutter).cutFirst(due)) {
            return new Left.Work();
        }
        if (definition.strategy().followsKey()
                && !definition.target().firstColumn().notNull()) {
            // A row with a NULL key may have been inserted after the last batch was cut.
            for (Walk walk : WalkQueries.all(connection, migration().id(), Walk.Kind.CHANGE, 1)) {
                Optional<TargetTable> target = definition.targetOf(connection, walk);
                if (target.isPresent()) {
                    KeysetBatching.requireNoNullKey(connection, target.get());
                }
            }
        }
        boolean verified = definition.saysWhatIsPending(connection);
        QuarantineQueries.Left left =
                QuarantineQueries.left(connection, migration().id());
        boolean opened = walks.openRetries()
                // If the work leaves rows as they are, another pass would leave them too.
                || !left.areSwallowed() && verified && needsProof() && walks.openProof();
        if (opened) {
            cutter.cut(due, wanted);
            return new Left.Work();
        }
        if (left.quarantined() + left.retrying() > 0) {
            return new Left.Person(Failure.of(FailureCode.QUARANTINED_ROWS, LeftText.of(left)));
        }
        String text = verified
                ? "no row" + definition.bounds() + " is left"
                : "every batch is done; the work function does not say which rows are left";
        return new Left.Nothing(verified, text + outside());
    }

    /** Returns whether a proof is needed. A walk by a condition ends only when no row is left, which is proof enough. */
    private boolean needsProof() throws SQLException {
        return definition.strategy().hasRanges()
                && !ProofQueries.isProved(connection, migration().id());
    }

    /**
     * Returns a note if the table has rows outside the bounds. Leaving them out is no mistake of anybody, but whoever set the bounds may
     * not know about them.
     */
    private String outside() throws SQLException {
        return !definition.bounds().isEmpty()
                        && KeysetBatching.hasRowsOutside(
                                connection,
                                definition.target(),
                                definition.migration().bounds())
                ? "; the table has rows outside of min_value and max_value, which the migration does not cover"
                : "";
    }

    private BatchedMigration migration() {
        return definition.migration();
    }
}
