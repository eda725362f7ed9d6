package org.registrybbm.migrations.internal.sizing;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.BatchSizing;

/**
 * How big the next sub-batch of a run is. It follows the time that the last one took, see {@link Sizing}, with two exceptions. Rows that are
 * only looked at say nothing of those that are changed: over many that are right already it never grows beyond what can be changed within
 * the target. And where a fixed cost makes most of the time, fewer rows would not make it shorter.
 */
public final class SubBatchSizes {
    // Until rows were changed: about as many as a slow table changes in the target time.
    private static final int UNPROVEN = 20_000;

    // Of so many rows that were looked at one was changed: else the time is that of the looking.
    private static final int MOSTLY_CHANGED = 10;

    // A sub-batch that takes several times its target has the application wait for its rows.
    private static final int PATIENCE = 3;

    // Each time so many sub-batches more lie before the next probe, where the last one told that rows are slow.
    private static final int RARER = 8;

    private final Duration target;
    private final BatchSizing.Bounds bounds;
    private final long unproven;
    private @Nullable Double nanosPerChange;
    private @Nullable Piece last;
    private long worthwhile;
    private long untilProbe;
    private long betweenProbes = 1;

    /** What one sub-batch was. */
    private record Piece(long rows, Duration took) {}

    public SubBatchSizes(int first, Duration target, BatchSizing.Bounds bounds) {
        this.unproven = Math.max(first, UNPROVEN);
        this.target = target;
        this.bounds = bounds;
    }

    /** Returns the rows of the next sub-batch after one that was committed. */
    public int next(int size, long covered, long migrated, Duration took) {
        if (migrated > 0 && migrated * MOSTLY_CHANGED >= covered) {
            nanosPerChange = (double) took.toNanos() / migrated;
        }
        Piece before = last;
        last = new Piece(Math.max(1, Math.min(size, covered)), took);
        long next = Sizing.nextSubBatch(size, covered, took, target, bounds);
        return (int) Math.max(
                1, bounds.clamp(took.compareTo(target) <= 0 ? grown(size, next) : shrunk(size, next, before, last)));
    }

    /** It grows no further than what can be changed within the target, and does not shrink for it. */
    private long grown(int size, long next) {
        worthwhile = 0;
        long most = nanosPerChange == null ? unproven : Math.round(target.toNanos() / nanosPerChange);
        return Math.min(next, Math.max(size, most));
    }

    private long shrunk(int size, long next, @Nullable Piece before, Piece now) {
        if (before != null && before.rows() != now.rows()) {
            worthwhile = worthwhile(before, now);
        }
        long worth = Math.max(next, Math.min(2L * size, worthwhile));
        // The smallest that there is: only a bigger one can tell whether the rows are slow, or what comes with any.
        if (worth == size && --untilProbe < 0) {
            betweenProbes *= RARER;
            untilProbe = betweenProbes;
            return 2L * size;
        }
        return worth;
    }

    /**
     * Two pieces of different sizes tell their fixed cost and that of a row. Fewer rows than take as long as the fixed cost, or as the
     * target, would save little and cost much.
     */
    private long worthwhile(Piece one, Piece other) {
        double perRow = (double) (one.took().toNanos() - other.took().toNanos()) / (one.rows() - other.rows());
        if (perRow <= 0) {
            return Math.max(one.rows(), other.rows());
        }
        double fixed = other.took().toNanos() - perRow * other.rows();
        return Math.round(Math.min(fixed, target.toNanos()) / perRow);
    }

    /** Returns how long one statement of the next sub-batch may take, before it is cut off and tried with fewer rows. */
    public Duration limit(int size, Duration longest) {
        if (size <= 1) {
            return longest;
        }
        Duration expected = last == null || last.took().compareTo(target) < 0 ? target : last.took();
        Duration limit = expected.multipliedBy(PATIENCE);
        return limit.compareTo(longest) < 0 ? limit : longest;
    }
}
