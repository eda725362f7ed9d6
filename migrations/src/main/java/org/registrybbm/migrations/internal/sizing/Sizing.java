package org.registrybbm.migrations.internal.sizing;

import java.time.Duration;
import org.registrybbm.migrations.model.BatchSizing;

/**
 * Decides how large the next piece of work is, from how long the last one took. The number of rows is multiplied by target time over
 * measured time. One step never takes away more than half of the rows, never more than doubles a sub-batch, and never makes a batch more
 * than ten times as large, because one slow or fast piece says little about the next one.
 */
public final class Sizing {
    /** The rows of the first sub-batch of a migration. It is a probe, so it is small, whatever the batch size is. */
    public static final int FIRST_SUB_BATCH = 1_000;

    private static final double LARGEST_STEP = 2.0;
    // Batches may grow faster, because the load on the database depends on the size of sub-batches only.
    private static final double LARGEST_BATCH_STEP = 10.0;
    private static final int LARGEST_SUB_BATCH = 1_000_000;
    // A batch of 30 s never changes more rows than this.
    private static final long LARGEST_BATCH = 100_000_000;
    private static final int FAILURE_CUT = 2;
    private static final int MANY_FAILED_CUT = 8;
    private static final int DEATH_CUT = 32;

    private Sizing() {}

    /** Returns the rows of the next sub-batch. */
    static int nextSubBatch(int size, long covered, Duration took, Duration target, BatchSizing.Bounds bounds) {
        long next = bounds.clamp(scale(size, took, target, LARGEST_STEP));
        // A sub-batch that found fewer rows than it asked for does not show that a larger one would be fast enough.
        long bound = covered < size ? size : LARGEST_SUB_BATCH;
        return (int) Math.max(1, Math.min(next, bound));
    }

    /** Returns the rows of a sub-batch that is tried again after a failure. */
    public static int afterFailure(int size) {
        return Math.max(1, size / FAILURE_CUT);
    }

    /** Returns the rows of the sub-batch after one in which more rows fail than one transaction searches for. */
    public static int afterManyFailed(int size) {
        return Math.max(1, size / MANY_FAILED_CUT);
    }

    /** Returns the size up to which sub-batches may grow after one more was committed: an eighth more than before. */
    public static int raised(int ceiling) {
        return (int) Math.min(Integer.MAX_VALUE, ceiling + 1L + ceiling / 8);
    }

    /** Returns the rows of the sub-batches of a batch job whose worker died in it each time. */
    public static int afterDeath(int size) {
        return Math.max(1, size / DEATH_CUT);
    }

    /** Returns the rows of the next batch. */
    static long nextBatch(long covered, Duration took, Duration target) {
        return Math.max(1, Math.min(scale(covered, took, target, LARGEST_BATCH_STEP), LARGEST_BATCH));
    }

    /**
     * Returns the rows of the next batch. If few rows are left, two thirds of them are shared out evenly among the lanes, so that all lanes
     * end at about the same time. This is called factoring (Hummel, Schonberg and Flynn, Communications of the ACM 35(8), 1992). Factoring
     * shares out only half if the parts may take very different times; here they take much the same time.
     *
     * @param rows the size of a batch while there are enough rows
     * @param left about how many rows are left; 0 or less if that is unknown, and then they are not shared out
     * @param lanes how many batch jobs run at once
     * @param least the smallest share; smaller batches would cost more than a lane that is idle at the end
     */
    static long shared(long rows, long left, int lanes, long least) {
        return left <= 0 || lanes < 2 ? rows : Math.min(rows, Math.max(left / lanes * 2 / 3, least));
    }

    private static long scale(long size, Duration took, Duration target, double most) {
        double ratio = (double) target.toNanos() / Math.max(1, took.toNanos());
        return Math.round(size * Math.max(1 / LARGEST_STEP, Math.min(ratio, most)));
    }
}
