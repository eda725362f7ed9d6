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

/** What a migration still needs once all its batch jobs are done: nothing left out, nothing quarantined, and proof of it. */
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

    /** Opens and cuts what comes next; the keys of new batch jobs are added. */
    Left next(List<DueJob> due, int wanted) throws SQLException {
        WalkOpener walks = new WalkOpener(connection, definition);
        if (new Gaps(connection, definition, cutter).cutFirst(due)) {
            return new Left.Work();
        }
        if (definition.strategy().followsKey()
                && !definition.target().firstColumn().notNull()) {
            // One may have come after the last batch was cut.
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
                // Where work leaves rows as they are, another pass would leave them too.
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

    /** Rows that end their walk by themselves, as none is left, need no other proof. */
    private boolean needsProof() throws SQLException {
        return definition.strategy().hasRanges()
                && !ProofQueries.isProved(connection, migration().id());
    }

    /** Rows beyond the bounds are nobody's oversight, but whoever set the bounds may not know of them. */
    private String outside() throws SQLException {
        return !definition.bounds().isEmpty()
                        && KeysetBatching.hasRowsOutside(
                                connection,
                                definition.target(),
                                definition.migration().bounds())
                ? "; the table has rows outside of min_value and max_value, which it does not cover"
                : "";
    }

    private BatchedMigration migration() {
        return definition.migration();
    }
}
