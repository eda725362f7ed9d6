package org.registrybbm.migrations.internal.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts off a sub-batch that PostgreSQL's own timeouts cannot end: when a work function hangs outside SQL, when a network swallows packets,
 * or when a shutdown cannot wait. It aborts the connection, so that PostgreSQL rolls back, and interrupts the thread. The watchdog's only
 * thread lives only while something is watched.
 */
public final class Watchdog {
    private static final Logger LOGGER = LoggerFactory.getLogger(Watchdog.class);

    private static final Duration AFTER_LIMIT = Duration.ofSeconds(10);
    private static final Duration AFTER_CUT_OFF = Duration.ofMillis(2500);

    private final Set<Watched> watched = ConcurrentHashMap.newKeySet();
    private final ScheduledThreadPoolExecutor timer;
    private volatile boolean cutOff;

    /** Creates an idle watchdog. */
    public Watchdog() {
        timer = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "bbm-watchdog");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(1, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
    }

    /** Watches the calling thread's transaction until the result is closed. */
    public Watched watch(Connection connection, Duration limit) {
        Watched one = new Watched(connection, Thread.currentThread());
        watched.add(one);
        Duration bound = cutOff && limit.compareTo(AFTER_CUT_OFF) > 0 ? AFTER_CUT_OFF : limit;
        one.alarm = timer.schedule(one::cutOff, bound.toMillis(), TimeUnit.MILLISECONDS);
        return one;
    }

    /**
     * Cuts off every transaction that is under way. Transactions that start later hand batch jobs back. They get 2.5 s, because PostgreSQL
     * takes up to 1 s to notice that a connection was aborted.
     */
    public void cutOffAll() {
        cutOff = true;
        watched.forEach(Watched::cutOff);
    }

    /** A transaction that is watched. */
    public final class Watched implements AutoCloseable {
        private final Connection connection;
        private final Thread thread;
        private final Object lock = new Object();
        private boolean ended;
        private @Nullable NetworkLimit network;
        private volatile boolean cutOff;
        private volatile Future<?> alarm = CompletableFuture.completedFuture(null);

        private Watched(Connection connection, Thread thread) {
            this.connection = connection;
            this.thread = thread;
        }

        private void cutOff() {
            synchronized (lock) {
                if (ended) {
                    return;
                }
                ended = true;
                cutOff = true;
                thread.interrupt();
                try {
                    connection.abort(Runnable::run);
                } catch (SQLException e) {
                    LOGGER.debug("could not abort a connection", e);
                }
            }
        }

        /** Gives the transaction a new limit that begins now, and lets its connection wait for answers 10 s longer than that. */
        public void extend(Duration limit) {
            if (Watchdog.this.cutOff) {
                return;
            }
            alarm.cancel(false);
            alarm = timer.schedule(this::cutOff, limit.toMillis(), TimeUnit.MILLISECONDS);
            try {
                closeNetwork();
                network = NetworkLimit.set(connection, limit.plus(AFTER_LIMIT));
            } catch (SQLException e) {
                LOGGER.debug("could not give a connection more time", e);
            }
        }

        private void closeNetwork() {
            if (network != null) {
                network.close();
            }
        }

        public boolean wasCutOff() {
            return cutOff;
        }

        @Override
        public void close() {
            alarm.cancel(false);
            closeNetwork();
            watched.remove(this);
            synchronized (lock) {
                ended = true;
                if (cutOff) {
                    // The interrupt was meant for the work, which has ended.
                    Thread.interrupted();
                }
            }
        }
    }
}
