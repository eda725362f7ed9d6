package org.registrybbm.app.internal.access;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Counts wrong tokens by the address that they came from, so that nobody can try many of them. Thread-safe. */
public final class FailedLogins {
    private static final int MOST = 5;
    private static final int MOST_ADDRESSES = 10_000;
    private static final long WITHIN = Duration.ofMinutes(1).toNanos();

    private final LongSupplier nanos;
    private final Map<String, Deque<Long>> failures = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Deque<Long>> eldest) {
            return size() > MOST_ADDRESSES;
        }
    };

    /**
     * Creates an instance that has counted nothing.
     *
     * @param nanos a clock that only goes forward
     */
    public FailedLogins(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Counts a wrong token. */
    public synchronized void add(String address) {
        Deque<Long> times = failures.computeIfAbsent(address, any -> new ArrayDeque<>());
        times.addLast(nanos.getAsLong());
        if (times.size() > MOST) {
            times.removeFirst();
        }
    }

    /** Returns for how many seconds a wrong token of this address is not answered as such; 0 if it is. */
    public synchronized long secondsToWait(String address) {
        Deque<Long> times = failures.get(address);
        if (times == null || times.size() < MOST) {
            return 0;
        }
        long left = times.getFirst() + WITHIN - nanos.getAsLong();
        if (left <= 0) {
            return 0;
        }
        return Math.max(1, Duration.ofNanos(left).toSeconds());
    }
}
