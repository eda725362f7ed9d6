package org.registrybbm.migrations.internal.sizing;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.model.BatchSizing;

/**
 * Decides how large the next sub-batch of a run is. The size follows the time that the last one took, see {@link Sizing}, with three
 * exceptions.
 *
 * <p>Rows that are only looked at say nothing about rows that are changed. So over many rows that are right already, the size never grows
 * beyond what can be changed within the target time. If a fixed cost makes up most of the time, the size does not shrink, because fewer
 * rows would not make the sub-batch shorter. While other sessions wait for rows of sub-batches, sub-batches are shorter.
 */
public final class SubBatchSizes {
    // The limit until rows were changed: about as many rows as a slow table changes in the target time.
    private static final int UNPROVEN = 20_000;

    // The time counts for the change if at least one of this many rows was changed. Otherwise it is mostly the time to
    // look at rows.
    private static final int MOSTLY_CHANGED = 10;

    // If a sub-batch takes several times its target, the application waits for its rows.
    private static final int PATIENCE = 3;

    // If the last probe showed that the rows are slow, this many times more sub-batches pass before the next probe.
    private static final int RARER = 8;

    // While other sessions wait for rows of sub-batches, these take a fifth of the target. A session that waits for one
    // sub-batch after the other, while others wait for it, then waits no longer than for one of the full size.
    private static final int SHORTER = 5;

    // How many sub-batches nobody must have waited for until they are longer again: as many as take some seconds.
    private static final int CALM = 20;

    private final Duration target;
    private final BatchSizing.Bounds bounds;
    private final long unproven;
    private @Nullable Double nanosPerChange;
    private @Nullable Piece last;
    private long worthwhile;
    private long untilProbe;
    private long betweenProbes = 1;
    private int shorterFor;

    /** The size and the time of one sub-batch. */
    private record Piece(long rows, Duration took) {}

    public SubBatchSizes(int first, Duration target, BatchSizing.Bounds bounds) {
        this.unproven = Math.max(first, UNPROVEN);
        this.target = target;
        this.bounds = bounds;
    }

    /**
     * Notes whether another session waited for a row of the sub-batch that was committed last.
     *
     * @param awaited whether one did, at the end of the sub-batch's work
     */
    public void awaited(boolean awaited) {
        shorterFor = awaited ? CALM : Math.max(0, shorterFor - 1);
    }

    /** Returns whether sub-batches are shorter now, because other sessions waited for their rows lately. */
    public boolean isShorter() {
        return shorterFor > 0;
    }

    private Duration aim() {
        return isShorter() ? target.dividedBy(SHORTER) : target;
    }

    /** Returns the size of the next sub-batch after one that was committed. */
    public int next(int size, long covered, long migrated, Duration took) {
        if (migrated > 0 && migrated * MOSTLY_CHANGED >= covered) {
            nanosPerChange = (double) took.toNanos() / migrated;
        }
        Piece before = last;
        last = new Piece(Math.max(1, Math.min(size, covered)), took);
        long next = Sizing.nextSubBatch(size, covered, took, aim(), bounds);
        return (int) Math.max(
                1, bounds.clamp(took.compareTo(aim()) <= 0 ? grown(size, next) : shrunk(size, next, before, last)));
    }

    /** Returns a larger size, up to what can be changed within the target time. It does not shrink because of that limit. */
    private long grown(int size, long next) {
        worthwhile = 0;
        long most = nanosPerChange == null ? unproven : Math.round(aim().toNanos() / nanosPerChange);
        return Math.min(next, Math.max(size, most));
    }

    private long shrunk(int size, long next, @Nullable Piece before, Piece now) {
        if (before != null && before.rows() != now.rows()) {
            worthwhile = worthwhile(before, now);
        }
        long worth = Math.max(next, Math.min(2L * size, worthwhile));
        // This is the smallest size that makes sense. Only a larger sub-batch can tell whether the rows are slow or the
        // fixed cost is high.
        if (worth == size && --untilProbe < 0) {
            betweenProbes *= RARER;
            untilProbe = betweenProbes;
            return 2L * size;
        }
        return worth;
    }

    /**
     * Returns the smallest size that is worth it. From two sub-batches of different sizes follow the fixed cost and the cost of a row. A
     * size whose rows take less time than the fixed cost, or than the target if that is shorter, would save little and cost much.
     */
    private long worthwhile(Piece one, Piece other) {
        double perRow = (double) (one.took().toNanos() - other.took().toNanos()) / (one.rows() - other.rows());
        if (perRow <= 0) {
            return Math.max(one.rows(), other.rows());
        }
        double fixed = other.took().toNanos() - perRow * other.rows();
        return Math.round(Math.min(fixed, aim().toNanos()) / perRow);
    }

    /** Returns how long one statement of the next sub-batch may take before it is cut off and tried again with fewer rows. */
    public Duration limit(int size, Duration longest) {
        if (size <= 1) {
            return longest;
        }
        Duration expected = last == null || last.took().compareTo(target) < 0 ? target : last.took();
        Duration limit = expected.multipliedBy(PATIENCE);
        return limit.compareTo(longest) < 0 ? limit : longest;
    }
}
