package org.registrybbm.scheduler;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells from a look at the tables whether a turn may find something. While other replicas work, batch jobs begin, end and are tried again,
 * so the tables come to look as they did before again and again. A replica that found nothing in a turn need not take another one each time
 * the tables look the same as then.
 */
final class Prospects {
    /** Working replicas make the tables look only a few different ways, so a hundred are plenty. */
    private static final int MOST = 100;

    private final Set<Long> fruitless = Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > MOST;
        }
    });

    private @Nullable Long last;

    /** Records what a look saw. Returns whether that is new: neither what the look before saw, nor known to be fruitless. */
    boolean isNews(long outlook) {
        Long before = last;
        last = outlook;
        return (before == null || before != outlook) && !fruitless.contains(outlook);
    }

    /**
     * Records that a turn found nothing. What the last look saw is fruitless from now on, unless the tables look different by now: then
     * nobody knows which of the two the turn saw.
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

    /** Records that a turn left something that another turn may find, although the tables look the same. */
    void leftOpen() {
        if (last != null) {
            fruitless.remove(last);
        }
        last = null;
    }

    /** Forgets everything, so that whatever the next look sees is new. */
    void forget() {
        fruitless.clear();
        last = null;
    }
}
