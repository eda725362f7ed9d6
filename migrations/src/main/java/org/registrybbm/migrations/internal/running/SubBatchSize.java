package org.registrybbm.migrations.internal.running;

import java.time.Duration;
import org.registrybbm.migrations.internal.running.SubBatchTransaction.Step;
import org.registrybbm.migrations.internal.sizing.Sizing;
import org.registrybbm.migrations.internal.sizing.SubBatchSizes;
import org.registrybbm.migrations.internal.strategy.RowLists;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchSizing;

/**
 * What the next sub-batch of a run aims at: how many rows, and whether those that fail are separated from the others. It follows the time
 * that the last one took, see {@link SubBatchSizes}, and what made the last one fail.
 *
 * <p>Of rows that fail many are searched by halving across transactions, so that the cursor moves and a pause is obeyed in between, and few
 * inside one. While sub-batches hold such rows, the next one is searched at once; where they hold too many for one transaction it has fewer
 * rows.
 */
final class SubBatchSize {
    // A batch job that lost several workers may have lost them to one of its next rows: it does not grow for a while.
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
     * @param takeover whether another worker has lost the batch job
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

    /** Returns whether rows that fail are looked for one by one. */
    boolean isolates() {
        return isolates;
    }

    /** Returns how long one statement may take. */
    Duration limit(Duration longest) {
        return byTime.limit(rows, longest);
    }

    /** Follows a sub-batch that was committed. */
    void committed(Step.Committed step, Duration took) {
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

    /** Has fewer rows tried again, and grows slowly from there; false when there are no fewer. */
    boolean shrink() {
        if (rows <= 1) {
            return false;
        }
        rows = Sizing.afterFailure(rows);
        ceiling = rows;
        return true;
    }

    /** Has fewer rows tried again, as they are too many to be told apart; false when there are no fewer. */
    boolean shrinkForMany() {
        if (rows <= 1) {
            return false;
        }
        rows = Sizing.afterManyFailed(rows);
        return true;
    }

    /** Has the row looked for that failed among the last sub-batch's; false when it was looked for already. */
    boolean search() {
        if (isolates) {
            return false;
        }
        suspects = rows;
        isolates = rows <= RowLists.FEW;
        rows = isolates ? rows : halfOfSuspects();
        return true;
    }

    /** Returns whether a row that failed is being looked for, so that what follows is no news. */
    boolean isSearching() {
        return suspects > 0;
    }

    /** Among few rows it is looked for at once. */
    private int halfOfSuspects() {
        return (int) Math.min(rows, Math.max(Sizing.afterFailure((int) suspects), Math.min(suspects, RowLists.FEW)));
    }
}
