package org.registrybbm.migrations.spi;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.DirectSession;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.settings.RegistryLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows the other replicas that this one lives: a session of its own that holds an advisory lock, whose key its leases name. PostgreSQL
 * releases the lock at once when the process dies, so its batch jobs need not wait for their leases to run out. The session also
 * listens, so that this replica hears at once of a migration that was queued, paused or started by whatever statement.
 *
 * <p>Between replicas nothing but speed depends on it: without it, as behind PgBouncer, leases end by time alone and news are found by
 * looking, and what changes rows is fenced by tokens anyway. The same session holds the {@link RegistryLock}, and nothing else keeps the
 * container registry's own workers out.
 *
 * <p>One daemon thread keeps the session and opens it anew when it is lost, with the same key where possible.
 */
public final class Presence implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Presence.class);

    // The first three bytes of every key: 'bbm', so that they can be told from an application's own in pg_locks.
    private static final long NAMESPACE = 0x62626DL << 40;
    private static final long NUMBERS = 1L << 40;

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration ASK_EVERY = Duration.ofSeconds(10);
    private static final Duration FIRST_RETRY = Duration.ofMillis(50);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(2);

    private final @Nullable DataSource connections;
    private final RegistryGate gate;
    private long key = newKey();
    private Duration retry = FIRST_RETRY;
    private @Nullable Thread thread;
    private volatile Listener listener = () -> {};
    private volatile boolean closed;
    private volatile @Nullable Long shown;
    private volatile @Nullable DirectSession session;

    public Presence(@Nullable DataSource connections, RegistryGate gate) {
        this.connections = connections;
        this.gate = gate;
    }

    /** Hears what the session hears, in its thread: to be quick. */
    @FunctionalInterface
    public interface Listener {
        /** There may be something to do that was not there before, or notifications may have been missed. */
        void told();

        /**
         * The database answered, as it is asked every 10 s.
         *
         * @param work whether any migration is active
         */
        default void answered(boolean work) {}
    }

    /**
     * Starts to show it, without waiting for the database. Does nothing where there is no connection for it, and when called again.
     *
     * @param toTell told of every notification, and of the answer every 10 s to the question whether any migration is active
     */
    public synchronized void start(Listener toTell) {
        listener = toTell;
        if (connections == null || thread != null || closed) {
            return;
        }
        gate.expectSession();
        thread = new Thread(this::keep, "bbm-presence");
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns the key of the lock that shows this replica right now, or null when none does. */
    public @Nullable Long session() {
        return shown;
    }

    /** Ends it at once. The leases that name it are free for anybody then, so batch jobs are to be handed back before. */
    @Override
    public synchronized void close() {
        closed = true;
        shown = null;
        gate.expectNoSession();
        DirectSession open = session;
        if (open != null) {
            open.close();
        }
        if (thread != null) {
            thread.interrupt();
        }
    }

    private void keep() {
        while (!closed) {
            try {
                if (!showOnce()) {
                    LOGGER.info(
                            "no direct connection to PostgreSQL, probably a pooler: if this replica is killed, its batch jobs are"
                                    + " taken over only when their leases expire");
                    gate.expectNoSession();
                    // Batch jobs may start now that were waiting for a session.
                    listener.told();
                    return;
                }
            } catch (SQLException | RuntimeException e) {
                tell(e);
            } finally {
                shown = null;
                session = null;
                gate.lost();
            }
            listener.told();
            pause();
        }
    }

    /** Shows it until the session is lost; false when there can be none. */
    private boolean showOnce() throws SQLException {
        Optional<DirectSession> opened = DirectSession.open(Objects.requireNonNull(connections));
        if (opened.isEmpty()) {
            return false;
        }
        try (DirectSession open = opened.get()) {
            session = open;
            // The old key first: leases name it. The server may not have noticed yet that its old session is gone.
            while (!open.lock(key)) {
                key = newKey();
            }
            retry = FIRST_RETRY;
            open.ask(gate::take);
            shown = key;
            open.listen();
            // What was told before it listened.
            listener.told();
            for (long asked = System.nanoTime(); !closed; ) {
                if (open.await(LOOK) | open.ask(gate::take)) {
                    listener.told();
                }
                if (System.nanoTime() - asked >= ASK_EVERY.toNanos()) {
                    listener.answered(open.ask(MigrationQueries::hasWork));
                    asked = System.nanoTime();
                }
            }
        }
        return true;
    }

    private void tell(Exception e) {
        if (closed) {
            return;
        }
        if (retry.equals(FIRST_RETRY)) {
            LOGGER.info(
                    "the session that shows that this replica lives is lost, another one is opened: {}",
                    e.getMessage());
        }
        LOGGER.debug("the session of the presence is lost", e);
    }

    private void pause() {
        if (closed) {
            return;
        }
        try {
            TimeUnit.MILLISECONDS.sleep(retry.toMillis());
        } catch (InterruptedException e) {
            // Only close() interrupts.
            return;
        }
        Duration next = retry.multipliedBy(2);
        retry = next.compareTo(LONGEST_RETRY) < 0 ? next : LONGEST_RETRY;
    }

    private static long newKey() {
        return NAMESPACE | ThreadLocalRandom.current().nextLong(NUMBERS);
    }
}
