package org.registrybbm.migrations.internal.strategy;

/**
 * Whether the keys that a run of a batch job has met so far are integers without a gap. While they are, and no two rows share one, the next
 * thousand keys are the next thousand rows, and nobody needs to walk the index to see where a sub-batch of so many rows ends. To walk it
 * takes a fortieth of the time that it takes to change the rows.
 */
public final class GaplessKeys {
    private enum Met {
        NOTHING,
        NO_GAP,
        GAPS
    }

    private Met met = Met.NOTHING;

    boolean goOn() {
        return met == Met.NO_GAP;
    }

    /** Follows a walk over some keys. */
    void walked(boolean gapless) {
        if (met == Met.NOTHING) {
            met = gapless ? Met.NO_GAP : Met.GAPS;
        }
    }

    /** Follows a sub-batch that had fewer rows than keys, or of which nobody can tell: from now on, keys are walked. */
    public void end() {
        met = Met.GAPS;
    }
}
