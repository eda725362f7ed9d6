package org.registrybbm.app.internal.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.audit.EventLog;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads events for all who listen to this replica: once a second, and at once when there is news, however many they are, and not at all
 * while nobody listens. One thread reads and hands out; it lives as long as somebody listens. Who reads slowly is given nothing more until all before is gone, and is cut
 * off if that takes long.
 */
public final class EventStreams implements AutoCloseable {
    /** How many may listen to one replica. */
    static final int MOST = 64;

    /**
     * How many events a program may have missed. Each migration keeps so many, so none of these was thinned out, but for events about sizes
     * and takeovers of migrations that finished long ago.
     */
    static final int MOST_MISSED = 999;

    private static final Logger LOGGER = LoggerFactory.getLogger(EventStreams.class);
    private static final int PAGE = 200;
    private static final long EVERY_MILLIS = 1_000;

    // However often something wakes it.
    private static final long LEAST_MILLIS = 100;
    private static final long BEAT_NANOS = Duration.ofSeconds(15).toNanos();
    private static final long MOST_STALLED_NANOS = Duration.ofSeconds(30).toNanos();

    private final EventLog log;
    private final LongSupplier nanos;
    private final List<Listener> listeners = new ArrayList<>();
    private @Nullable Thread reader;
    private boolean more;
    private boolean closed;

    /**
     * Creates streams that nobody listens to yet.
     *
     * @param log what is read
     * @param nanos a clock that only goes forward
     */
    public EventStreams(EventLog log, LongSupplier nanos) {
        this.log = log;
        this.nanos = nanos;
    }

    long now() {
        return nanos.getAsLong();
    }

    /** Returns whether no more may listen, because there are enough or this replica stops. */
    synchronized boolean isFull() {
        return closed || listeners.size() >= MOST;
    }

    /** Adds one who listens, unless there are enough. */
    synchronized boolean add(Listener listener) {
        if (isFull()) {
            return false;
        }
        listeners.add(listener);
        if (reader == null) {
            Thread thread = new Thread(this::run, "bbm-event-stream");
            thread.setDaemon(true);
            reader = thread;
            thread.start();
        }
        wake();
        return true;
    }

    /** Looks at once for what there is to hand out. */
    public synchronized void wake() {
        more = true;
        notifyAll();
    }

    /** Ends all streams. Programs connect again, to another replica. */
    @Override
    public void close() {
        List<Listener> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(listeners);
            listeners.clear();
            notifyAll();
        }
        all.forEach(Listener::end);
    }

    private void run() {
        try {
            serve();
        } finally {
            synchronized (this) {
                // If it ended by an error, the next who listens begins anew.
                if (Thread.currentThread().equals(reader)) {
                    reader = null;
                }
            }
        }
    }

    private void serve() {
        for (List<Listener> all = next(false); !all.isEmpty(); all = next(true)) {
            try {
                handOut(all);
            } catch (RuntimeException e) {
                LOGGER.debug("the events could not be read", e);
            }
            all.forEach(this::lookAfter);
        }
    }

    /** Returns who listens, a second later or when there is something to do; nobody if the thread is to end. */
    private synchronized List<Listener> next(boolean pause) {
        long until = nanos.getAsLong() + Duration.ofMillis(EVERY_MILLIS).toNanos();
        long soonest = nanos.getAsLong() + Duration.ofMillis(LEAST_MILLIS).toNanos();
        try {
            for (long now = nanos.getAsLong();
                    pause && !closed && now - (more ? soonest : until) < 0;
                    now = nanos.getAsLong()) {
                wait(Math.max(
                        1, Duration.ofNanos((more ? soonest : until) - now).toMillis()));
            }
        } catch (InterruptedException e) {
            closed = true;
        }
        more = false;
        listeners.removeIf(Listener::isEnded);
        if (closed || listeners.isEmpty()) {
            reader = null;
            return List.of();
        }
        return List.copyOf(listeners);
    }

    private void handOut(List<Listener> all) {
        Map<Long, List<RecordedEvent>> read = new HashMap<>();
        for (Listener listener : all) {
            if (!listener.isDrained()) {
                continue;
            }
            Long position = listener.position();
            if (position == null) {
                begin(listener);
                continue;
            }
            List<RecordedEvent> events = read.computeIfAbsent(position, after -> log.after(after, PAGE));
            if (!events.isEmpty()) {
                listener.give(events, nanos.getAsLong());
            }
            if (events.size() == PAGE) {
                wake();
            }
        }
    }

    private void begin(Listener listener) {
        Long missedFrom = listener.missedFrom();
        EventLog.Horizon horizon = log.horizon();
        OptionalLong settled = horizon.settled();
        if (settled.isEmpty()) {
            return;
        }
        if (missedFrom == null) {
            listener.begin(settled.getAsLong(), nanos.getAsLong());
        } else if (missedFrom > horizon.newest()
                || log.after(missedFrom, MOST_MISSED + 1).size() > MOST_MISSED) {
            listener.reset(settled.getAsLong(), nanos.getAsLong());
        } else {
            listener.begin(missedFrom, nanos.getAsLong());
        }
        wake();
    }

    private void lookAfter(Listener listener) {
        long now = nanos.getAsLong();
        if (!listener.mayListen() || listener.stalledNanos(now) > MOST_STALLED_NANOS) {
            listener.end();
        } else if (listener.isDrained() && listener.silentNanos(now) > BEAT_NANOS) {
            listener.beat(now);
        }
    }
}
