package org.registrybbm.migrations.internal.sizing;

import java.time.Duration;
import org.registrybbm.migrations.model.BatchSizing;

/**
 * How big the next piece of work is, from how long the last one took. The rows of a piece scale with the ratio of target and
 * measured time, at least halved and at most doubled, or ten times as many for batches: one slow or fast piece says little of the next.
 */
public final class Sizing {
    /** The first sub-batch of a migration is a probe: small, whatever the batch size. */
    public static final int FIRST_SUB_BATCH = 1_000;

    private static final double LARGEST_STEP = 2.0;
    // How much work a batch holds says nothing of the load: that is its sub-batches'.
    private static final double LARGEST_BATCH_STEP = 10.0;
    private static final int LARGEST_SUB_BATCH = 1_000_000;
    // More rows than that in 30 s are none that are changed.
    private static final long LARGEST_BATCH = 100_000_000;
    private static final int FAILURE_CUT = 2;
    private static final int MANY_FAILED_CUT = 8;
    private static final int DEATH_CUT = 32;

    private Sizing() {}

    /** Returns the rows of the next sub-batch. */
    static int nextSubBatch(int size, long covered, Duration took, Duration target, BatchSizing.Bounds bounds) {
        long next = bounds.clamp(scale(size, took, target, LARGEST_STEP));
        // A sub-batch that found fewer rows than it asked for proves nothing for a bigger one.
        long bound = covered < size ? size : LARGEST_SUB_BATCH;
        return (int) Math.max(1, Math.min(next, bound));
    }

    /** Returns the rows of a sub-batch that is tried again after a failure. */
    public static int afterFailure(int size) {
        return Math.max(1, size / FAILURE_CUT);
    }

    /** Returns the rows of a sub-batch after one of which more rows fail than it looks for. */
    public static int afterManyFailed(int size) {
        return Math.max(1, size / MANY_FAILED_CUT);
    }

    /** Returns the size that sub-batches may grow to after one more was committed: an eighth more than before. */
    public static int raised(int ceiling) {
        return (int) Math.min(Integer.MAX_VALUE, ceiling + 1L + ceiling / 8);
    }

    /** Returns the rows of a sub-batch whose worker died in it each time. */
    public static int afterDeath(int size) {
        return Math.max(1, size / DEATH_CUT);
    }

    /** Returns the rows of the next batch. */
    static long nextBatch(long covered, Duration took, Duration target) {
        return Math.max(1, Math.min(scale(covered, took, target, LARGEST_BATCH_STEP), LARGEST_BATCH));
    }

    /**
     * Returns the rows of the next batches where few are left: two thirds of them shared out among the lanes, so that all of them end at
     * about the same time. That is factoring (Hummel, Schonberg and Flynn, Communications of the ACM 35(8), 1992), which shares out half
     * where nothing is known of the time that the parts will take; here it is much the same for each.
     *
     * @param rows what it would have
     * @param left about how many rows are left; when none, nothing is known of what is there after all
     * @param least below which more batches cost more than an idle lane
     */
    static long shared(long rows, long left, int lanes, long least) {
        return left <= 0 || lanes < 2 ? rows : Math.min(rows, Math.max(left / lanes * 2 / 3, least));
    }

    private static long scale(long size, Duration took, Duration target, double most) {
        double ratio = (double) target.toNanos() / Math.max(1, took.toNanos());
        return Math.round(size * Math.max(1 / LARGEST_STEP, Math.min(ratio, most)));
    }
}
