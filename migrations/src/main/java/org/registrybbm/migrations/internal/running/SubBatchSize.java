package org.registrybbm.migrations.internal.running;

import java.time.Duration;
import org.registrybbm.migrations.internal.rows.RowLists;
import org.registrybbm.migrations.internal.running.SubBatchTransaction.Step;
import org.registrybbm.migrations.internal.sizing.Sizing;
import org.registrybbm.migrations.internal.sizing.SubBatchSizes;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchSizing;

/**
 * Decides how many rows the next sub-batch of a run has, and whether failing rows are separated from the others. The size follows the time
 * that the last sub-batch took, see {@link SubBatchSizes}, and the failure of the last one.
 *
 * <p>If rows fail among many, they are searched by halving across transactions, so that the cursor moves and a pause takes effect in
 * between. Among few rows they are searched inside one transaction. As long as sub-batches contain failing rows, the next one is searched
 * at once. If they contain too many for one transaction, the next one has fewer rows.
 */
final class SubBatchSize {
    // If several workers died in a batch job, one of its next rows may be the reason. It does not grow for a while.
    private static final int CAREFUL_FROM = 2;
    private static final int CAREFUL_FOR = 32;

    private final SubBatchSizes byTime;
    private int rows;
    private boolean isolates;
    private int ceiling = Integer.MAX_VALUE;
    private int careful;
    private long suspects;

    /**
     * Begins a run.
     *
     * @param takeover whether this run has taken the batch job over from another worker
     */
    SubBatchSize(BatchJob job, boolean takeover, Duration target, BatchSizing.Bounds bounds) {
        this.rows = (int)
                bounds.clamp(job.subBatchSize() == null ? Sizing.FIRST_SUB_BATCH : Math.max(1, job.subBatchSize()));
        this.byTime = new SubBatchSizes(rows, target, bounds);
        if (takeover && job.takeovers() >= CAREFUL_FROM) {
            careful = CAREFUL_FOR;
            ceiling = rows;
        }
    }

    int rows() {
        return rows;
    }

    /** Returns what decided the size, in words for the events. */
    String why() {
        return byTime.isShorter() ? "other sessions wait for its rows" : "aims at its target time";
    }

    /** Returns whether failing rows are searched for one by one. */
    boolean isolates() {
        return isolates;
    }

    /** Returns how long one statement may take. */
    Duration limit(Duration longest) {
        return byTime.limit(rows, longest);
    }

    /**
     * Adapts the size after a sub-batch that was committed.
     *
     * @param awaited whether another session waited for its rows
     */
    void committed(Step.Committed step, Duration took, boolean awaited) {
        byTime.awaited(awaited);
        boolean found = isolates && !step.quarantined().isEmpty();
        int next = Math.min(byTime.next(rows, step.covered(), step.migrated(), took), ceiling);
        if (--careful < 0) {
            ceiling = Sizing.raised(ceiling);
        }
        suspects = found ? 0 : Math.max(0, suspects - step.covered());
        if (step.end() == Step.End.CUT_SHORT) {
            rows = Sizing.afterManyFailed(rows);
        } else if (found) {
            rows = Math.min(rows, next);
        } else if (suspects > 0) {
            rows = Math.min(next, halfOfSuspects());
        } else {
            rows = next;
        }
        isolates = found || suspects > 0 && suspects <= RowLists.FEW;
    }

    /** Makes the next try smaller, and lets the size grow slowly from there; returns false if it cannot be smaller. */
    boolean shrink() {
        if (rows <= 1) {
            return false;
        }
        rows = Sizing.afterFailure(rows);
        ceiling = rows;
        return true;
    }

    /** Makes the next try smaller because the rows are too many to be told apart; returns false if it cannot be smaller. */
    boolean shrinkForMany() {
        if (rows <= 1) {
            return false;
        }
        rows = Sizing.afterManyFailed(rows);
        return true;
    }

    /** Starts the search for the row that failed in the last sub-batch; returns false if it was already searched for. */
    boolean search() {
        if (isolates) {
            return false;
        }
        suspects = rows;
        isolates = rows <= RowLists.FEW;
        rows = isolates ? rows : halfOfSuspects();
        return true;
    }

    /** Returns whether a failing row is being searched for, so that further failures are no news. */
    boolean isSearching() {
        return suspects > 0;
    }

    /** Returns half of the rows that may fail, but all of them if they are few enough to be searched at once. */
    private int halfOfSuspects() {
        return (int) Math.min(rows, Math.max(Sizing.afterFailure((int) suspects), Math.min(suspects, RowLists.FEW)));
    }
}
