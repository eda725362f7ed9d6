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
 * Lets batch jobs start only while this replica's own session holds the container registry's advisory lock, if the setting {@code
 * registryLock} demands it. A replica that has no session of its own, for example behind a pooler, cannot hold the lock. It works without
 * the lock and logs a warning once.
 */
public final class RegistryGate {
    private static final Logger LOGGER = LoggerFactory.getLogger(RegistryGate.class);

    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(5);
    private static final String UNABLE =
            "registryLock is %s, but this replica cannot hold the advisory lock 1: it has no session of its own on this database, because"
                    + " its connections go through a pooler or no direct connection is configured; batch jobs run without the lock; make"
                    + " sure that no container registry runs its background migrations on the same database";
    private static final String NO_SESSION =
            "this replica has had no session of its own on this database for more than 5 s;"
                    + " without one it cannot hold the advisory lock 1, which keeps the container registry's own software out;"
                    + " it starts no batch job until it has one";

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

    /** Announces a session that will hold the lock, so that the gate waits for it. */
    public void expectSession() {
        closedSince = System.nanoTime();
        sessionExpected = true;
    }

    /** Announces that there is and will be no session that could hold the lock. */
    public void expectNoSession() {
        held = false;
        sessionExpected = false;
    }

    /** Announces that the session is lost, and the lock with it. Another session will be opened. */
    public void lost() {
        closedSince = System.nanoTime();
        held = false;
    }

    /**
     * Tries to take the lock in this replica's session, if it is needed and not yet held.
     *
     * @return whether batch jobs may start now that might not start before
     */
    public boolean take(Connection session) throws SQLException {
        if (held || !applies(session)) {
            return false;
        }
        held = RegistryLockQueries.tryShared(session);
        if (!held && !waiting) {
            LOGGER.warn(
                    "the container registry's own software is working on the batched migrations of this database: it"
                            + " holds or waits for the advisory lock 1; this replica starts no batch job until it can share that lock");
        } else if (held && waiting) {
            LOGGER.info(
                    "this replica now shares the advisory lock 1, which keeps the container registry's own software from working");
        }
        waiting = !held;
        return held;
    }

    /** Returns whether batch jobs may be planned and started. */
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

    /** Returns the same, judged by what is known already, without a statement. */
    public boolean isOpen() {
        return held || !sessionExpected || !isNeeded();
    }

    /** Returns whether the container registry's software must be kept out of this database, judged by what is known already. */
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
