package org.registrybbm.migrations.internal.lease;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.registrybbm.migrations.internal.failure.CutOffException;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Sessions;
import org.registrybbm.migrations.model.StopSignal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides what a run does when it loses its connection, and waits for the database to come back. */
public final class Outage {
    private static final Logger LOGGER = LoggerFactory.getLogger(Outage.class);

    /**
     * The longest time that a run waits. Its lease ends earlier. A worker that comes back after that finds out by the fence whether it
     * still has the batch job.
     */
    public static final Duration LONGEST = Duration.ofSeconds(60);

    private static final int LOSSES_IN_PLACE = 3;
    private static final Duration FIRST_RECONNECT = Duration.ofMillis(250);
    private static final Duration LONGEST_RECONNECT = Duration.ofSeconds(5);

    private final Lease lease;
    private int losses;
    private long lastContact = System.nanoTime();

    public Outage(Lease lease) {
        this.lease = lease;
    }

    /** How a wait ended. */
    public enum End {
        /** The database answers again. */
        OVER,
        /** The worker is to stop. */
        STOPPED,
        /** The database was away for too long. */
        TOO_LONG
    }

    /** Notes that the database answered. */
    public void contact() {
        lastContact = System.nanoTime();
    }

    /** Notes that a sub-batch was finished. */
    public void progress() {
        contact();
        losses = 0;
    }

    /**
     * Counts a failure. Returns false if the network is not its cause, for example because the same sub-batch loses its connection again
     * and again.
     */
    public boolean isOne(Throwable thrown) {
        return !(thrown instanceof CutOffException)
                && SqlFailures.isConnectionLost(thrown)
                && losses++ < LOSSES_IN_PLACE;
    }

    /** Waits until the database can be written again, with growing pauses between two tries. */
    public End await(StopSignal stop) {
        Duration wait = FIRST_RECONNECT;
        while (System.nanoTime() - lastContact < LONGEST.toNanos()) {
            if (stop.isStopping() || !pause(wait)) {
                return End.STOPPED;
            }
            try (Connection connection = lease.connect()) {
                if (connection.isValid(2) && !Sessions.isReadOnly(connection)) {
                    contact();
                    return End.OVER;
                }
            } catch (SQLException e) {
                LOGGER.debug("the database is still away", e);
            }
            wait = wait.multipliedBy(2).compareTo(LONGEST_RECONNECT) < 0 ? wait.multipliedBy(2) : LONGEST_RECONNECT;
        }
        return End.TOO_LONG;
    }

    private static boolean pause(Duration wait) {
        try {
            TimeUnit.MILLISECONDS.sleep(wait.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
