package org.registrybbm.scheduler;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells from a look at the tables whether a turn may find something. Where others work, the tables come to look as before again and again,
 * as batch jobs begin, end and are tried again; a replica that found nothing when they looked so need not turn each time.
 */
final class Prospects {
    /** Those who work give the tables a few looks in turn, so that a hundred are plenty. */
    private static final int MOST = 100;

    private final Set<Long> fruitless = Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > MOST;
        }
    });

    private @Nullable Long last;

    /** Takes what a look saw, and returns whether it is neither what the look before saw nor known to be fruitless. */
    boolean isNews(long outlook) {
        Long before = last;
        last = outlook;
        return (before == null || before != outlook) && !fruitless.contains(outlook);
    }

    /**
     * Takes that a turn found nothing. What the last look saw is fruitless from now on, unless the tables look otherwise by now: then
     * nobody knows which of the two the turn has met.
     *
     * @param now looks at the tables
     */
    void foundNothing(LongSupplier now) {
        if (last == null) {
            return;
        }
        long seen = last;
        if (now.getAsLong() == seen) {
            fruitless.add(seen);
        }
    }

    /** Takes that a turn left something that another one may find, though the tables look the same. */
    void leftOpen() {
        if (last != null) {
            fruitless.remove(last);
        }
        last = null;
    }

    /** Whatever the next look sees is news. */
    void forget() {
        fruitless.clear();
        last = null;
    }
}
