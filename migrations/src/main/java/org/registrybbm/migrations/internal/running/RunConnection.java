package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.lease.Lease;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection of a run of a batch job. It is kept from one sub-batch to the next, because a pool may test each connection that it hands
 * out. Whoever needs another connection, or waits, gives it back first, so that a worker never holds two. A pool may also watch for
 * connections that never come back, so none is kept for longer than some seconds.
 */
final class RunConnection {
    private static final Logger LOGGER = LoggerFactory.getLogger(RunConnection.class);

    private static final long LONGEST_NANOS = Duration.ofSeconds(10).toNanos();

    private final Lease lease;
    private long since;
    private @Nullable Connection kept;

    RunConnection(Lease lease) {
        this.lease = lease;
    }

    /** Returns the connection, which is in auto-commit mode. */
    Connection get() throws SQLException {
        if (kept != null && System.nanoTime() - since > LONGEST_NANOS) {
            giveBack();
        }
        Connection connection = kept;
        if (connection == null) {
            connection = lease.connect();
            kept = connection;
            since = System.nanoTime();
        }
        return connection;
    }

    /** Gives the connection back to its pool, if there is one. */
    void giveBack() {
        Connection connection = kept;
        kept = null;
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                LOGGER.debug("a connection could not be given back", e);
            }
        }
    }
}
