package org.registrybbm.app.internal.sentry;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Lets through at most one alarm of each group within a given time. */
final class AlarmGate {
    private static final int MAX_GROUPS = 1000;

    private final long whileNanos;
    private final LongSupplier nanos;
    private final Map<Object, Long> lastPassed = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, Long> eldest) {
            return size() > MAX_GROUPS;
        }
    };

    AlarmGate(Duration aWhile, LongSupplier nanos) {
        this.whileNanos = aWhile.toNanos();
        this.nanos = nanos;
    }

    /** Returns whether an alarm of this group may pass now. If it may, no other alarm of the group passes within the given time. */
    synchronized boolean passes(Object group) {
        long now = nanos.getAsLong();
        if (passedLately(group, now)) {
            return false;
        }
        lastPassed.remove(group);
        lastPassed.put(group, now);
        return true;
    }

    /** Returns whether an alarm of this group passed within the given time. */
    synchronized boolean passedLately(Object group) {
        return passedLately(group, nanos.getAsLong());
    }

    private boolean passedLately(Object group, long now) {
        Long last = lastPassed.get(group);
        return last != null && now - last < whileNanos;
    }
}
