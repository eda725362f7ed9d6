package org.registrybbm.migrations.internal.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits how long a connection waits for an answer of the server. If a network swallows packets, no limit of the server ends the wait.
 * Closing this object restores the limit that the pool had set.
 */
public final class NetworkLimit implements AutoCloseable {
    /** For connections whose statements all have a shorter limit on the server. */
    public static final Duration SHORT = Duration.ofSeconds(15);

    private static final Logger LOGGER = LoggerFactory.getLogger(NetworkLimit.class);

    private static final int NONE = 0;

    private final Connection connection;
    private final int before;

    private NetworkLimit(Connection connection, int before) {
        this.connection = connection;
        this.before = before;
    }

    /** Sets a limit, unless the pool has a shorter one. */
    public static NetworkLimit atMost(Connection connection, Duration limit) throws SQLException {
        int own = connection.getNetworkTimeout();
        return own != NONE && own < limit.toMillis() ? new NetworkLimit(connection, own) : set(connection, limit);
    }

    /** Sets a limit, whether the one before was longer or shorter. */
    static NetworkLimit set(Connection connection, Duration limit) throws SQLException {
        try {
            NetworkLimit old = new NetworkLimit(connection, connection.getNetworkTimeout());
            connection.setNetworkTimeout(Runnable::run, Math.toIntExact(limit.toMillis()));
            return old;
        } catch (SQLFeatureNotSupportedException e) {
            LOGGER.debug("the pool does not allow a limit for how long a connection waits for an answer", e);
            return new NetworkLimit(connection, NONE);
        }
    }

    @Override
    public void close() {
        try {
            connection.setNetworkTimeout(Runnable::run, before);
        } catch (SQLException e) {
            LOGGER.debug("the connection is gone; its pool will notice", e);
        }
    }
}
