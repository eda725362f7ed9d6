package org.registrybbm.migrations.internal.registry;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.settings.RegistryLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets batch jobs start only while this replica's session holds the container registry's lock, where that is to be held. A replica that
 * has no session of its own, as behind a pooler, cannot hold it; it works without, and says so once.
 */
public final class RegistryGate {
    private static final Logger LOGGER = LoggerFactory.getLogger(RegistryGate.class);

    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(5);
    private static final String UNABLE =
            "registryLock is %s, but this replica has no session of its own on this database, as its connections go through a"
                    + " pooler or none is configured for it, and so it cannot hold the advisory lock 1; see to it that no container"
                    + " registry runs its background migrations on the same database";
    private static final String NO_SESSION =
            "this replica has had no session of its own on this database for some seconds, and"
                    + " without one it cannot hold the advisory lock 1 that keeps the container registry's own software out; it starts no"
                    + " batch job until it has";

    private final RegistryLock mode;
    private volatile @Nullable Boolean applies;
    private volatile boolean sessionExpected;
    private volatile boolean held;
    private volatile boolean waiting;
    private volatile long closedSince = System.nanoTime();
    private boolean warned;

    public RegistryGate(RegistryLock mode) {
        this.mode = mode;
        this.applies = switch (mode) {
            case AUTO -> null;
            case ON -> true;
            case OFF -> false;
        };
    }

    /** Makes it wait for a session that holds the lock. */
    public void expectSession() {
        closedSince = System.nanoTime();
        sessionExpected = true;
    }

    /** There is no session that could hold the lock, and there will be none. */
    public void expectNoSession() {
        held = false;
        sessionExpected = false;
    }

    /** The session is lost, and the lock with it; another one is opened. */
    public void lost() {
        closedSince = System.nanoTime();
        held = false;
    }

    /**
     * Tries to take the lock in this replica's session, where it is to be held and is not yet.
     *
     * @return whether batch jobs may start now that might not before
     */
    public boolean take(Connection session) throws SQLException {
        if (held || !applies(session)) {
            return false;
        }
        held = RegistryLockQueries.tryShared(session);
        if (!held && !waiting) {
            LOGGER.warn(
                    "the container registry's own software is at work on the batched migrations of this database: it"
                            + " holds or waits for the advisory lock 1; this replica starts no batch job until it can share that lock");
        } else if (held && waiting) {
            LOGGER.info(
                    "this replica shares the advisory lock 1 now, so that the container registry's software stands still");
        }
        waiting = !held;
        return held;
    }

    /** Returns whether batch jobs may start, and be planned. */
    public boolean isOpen(Connection connection) throws SQLException {
        if (!applies(connection)) {
            return true;
        }
        if (!sessionExpected) {
            warn(UNABLE.formatted(mode));
        } else if (!held && !waiting && System.nanoTime() - closedSince > LONGEST_SILENCE.toNanos()) {
            warn(NO_SESSION);
        }
        return held || !sessionExpected;
    }

    /** Returns the same by what is known already. */
    public boolean isOpen() {
        return held || !sessionExpected || !isNeeded();
    }

    /** Returns whether, by what is known already, the container registry's software is to be kept out here. */
    public boolean isNeeded() {
        return Boolean.TRUE.equals(applies);
    }

    private boolean applies(Connection connection) throws SQLException {
        Boolean known = applies;
        if (known != null) {
            return known;
        }
        Optional<Boolean> takenOver = RegistryLockQueries.isTakenOver(connection);
        applies = takenOver.orElse(null);
        return takenOver.orElse(false);
    }

    private synchronized void warn(String message) {
        if (!warned) {
            warned = true;
            LOGGER.warn(message);
        }
    }
}
