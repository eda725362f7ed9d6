package org.registrybbm.migrations.spi;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
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
 * Shows the other replicas that this one lives. It keeps a session of its own that holds an advisory lock, and the replica's leases name
 * the key of that lock. When the process dies, PostgreSQL releases the lock at once, so other replicas can take over its batch jobs before
 * their leases expire. The session also listens, so that this replica hears at once of a migration that was queued, paused or started, no
 * matter by which statement.
 *
 * <p>Between replicas only speed depends on the presence. Without it, for example behind PgBouncer, leases end by time alone and replicas
 * find news by looking. Changes of rows are protected by lease tokens in any case. The same session also holds the {@link RegistryLock},
 * and nothing else keeps the container registry's own workers out.
 *
 * <p>A daemon thread keeps the session. If the session is lost, the thread opens another one, with the same key if possible.
 */
public final class Presence implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Presence.class);

    // The first three bytes of every key are 'bbm', so that pg_locks shows which locks are not the application's own.
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
    private final List<Runnable> alsoTold = new CopyOnWriteArrayList<>();
    private volatile boolean closed;
    private volatile @Nullable Long shown;
    private volatile @Nullable DirectSession session;

    public Presence(@Nullable DataSource connections, RegistryGate gate) {
        this.connections = connections;
        this.gate = gate;
    }

    /** Is told what the session hears. It is called in the thread of the session, so it should return quickly. */
    @FunctionalInterface
    public interface Listener {
        /** Called when there may be new work, or when notifications may have been missed. */
        void told();

        /**
         * Called every 10 s with the answer of the database to the question whether there is work.
         *
         * @param work whether any migration is active
         */
        default void answered(boolean work) {}
    }

    /**
     * Starts the presence without waiting for the database. Does nothing when no data source was given for it, or when it was already
     * started or closed.
     *
     * @param toTell is told of every notification, and every 10 s whether any migration is active
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

    /**
     * Adds somebody else who is told of every notification, before the listener is.
     *
     * @param toTell returns at once
     */
    public void alsoTell(Runnable toTell) {
        alsoTold.add(toTell);
    }

    private void tell() {
        alsoTold.forEach(Runnable::run);
        listener.told();
    }

    /** Returns the key of the lock that shows that this replica lives, or null while it holds none. */
    public @Nullable Long session() {
        return shown;
    }

    /**
     * Ends the presence at once. Other replicas may then take over every batch job whose lease names it, so batch jobs should be handed
     * back before.
     */
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
                    // Batch jobs that were waiting for a session may start now.
                    tell();
                    return;
                }
            } catch (SQLException | RuntimeException e) {
                complain(e);
            } finally {
                shown = null;
                session = null;
                gate.lost();
            }
            tell();
            pause();
        }
    }

    /** Opens a session and keeps it until it is lost; returns false when there is no direct connection to PostgreSQL. */
    private boolean showOnce() throws SQLException {
        Optional<DirectSession> opened = DirectSession.open(Objects.requireNonNull(connections));
        if (opened.isEmpty()) {
            return false;
        }
        try (DirectSession open = opened.get()) {
            session = open;
            // Try the old key first, because leases name it. It may still be locked if the server has not noticed yet
            // that the old session is gone.
            while (!open.lock(key)) {
                key = newKey();
            }
            retry = FIRST_RETRY;
            open.ask(gate::take);
            shown = key;
            open.listen();
            // Notifications that were sent before the session listened are lost, so look now.
            tell();
            for (long asked = System.nanoTime(); !closed; ) {
                if (open.await(LOOK) | open.ask(gate::take)) {
                    tell();
                }
                if (System.nanoTime() - asked >= ASK_EVERY.toNanos()) {
                    listener.answered(open.ask(MigrationQueries::hasWork));
                    asked = System.nanoTime();
                }
            }
        }
        return true;
    }

    private void complain(Exception e) {
        if (closed) {
            return;
        }
        if (retry.equals(FIRST_RETRY)) {
            LOGGER.info(
                    "lost the session that shows the other replicas that this one lives; opening another one: {}",
                    e.getMessage());
        }
        LOGGER.debug("lost the session of the presence", e);
    }

    private void pause() {
        if (closed) {
            return;
        }
        try {
            TimeUnit.MILLISECONDS.sleep(retry.toMillis());
        } catch (InterruptedException e) {
            // Only close() interrupts this thread.
            return;
        }
        Duration next = retry.multipliedBy(2);
        retry = next.compareTo(LONGEST_RETRY) < 0 ? next : LONGEST_RETRY;
    }

    private static long newKey() {
        return NAMESPACE | ThreadLocalRandom.current().nextLong(NUMBERS);
    }
}
