package org.registrybbm.migrations.internal.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session of PostgreSQL that belongs to one connection alone, without a pooler in between. Its settings, locks and subscriptions end when
 * it is closed, so its connection is not used again.
 */
public final class DirectSession implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(DirectSession.class);

    private static final String DRIVER = "org.postgresql.PGConnection";
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(10);

    private static final String BACKEND = """
            SELECT pg_backend_pid() AS pid
            """;

    // A host that vanished without a word is noticed after 5 + 3 * 2 s if the connection is idle, and after 10 s if
    // something was sent to it.
    private static final String LASTING = """
            SET idle_session_timeout = 0;
            SET statement_timeout = '10s';
            SET tcp_keepalives_idle = 5;
            SET tcp_keepalives_interval = 2;
            SET tcp_keepalives_count = 3;
            SET tcp_user_timeout = 10000
            """;

    private static final String LOCK = """
            SELECT pg_try_advisory_lock(?) AS locked
            """;

    private static final String LISTEN = """
            LISTEN registry_bbm
            """;

    private final Connection connection;
    private final Object driver;
    private final Method notifications;

    private DirectSession(Connection connection, Object driver, Method notifications) {
        this.connection = connection;
        this.driver = driver;
        this.notifications = notifications;
    }

    /** Opens a session; empty if there is a pooler in between, or if the driver cannot tell. */
    public static Optional<DirectSession> open(DataSource dataSource) throws SQLException {
        Connection connection = dataSource.getConnection();
        DirectSession session = null;
        try {
            connection.setAutoCommit(true);
            int before = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, (int) LONGEST_ANSWER.toMillis());
            Class<?> type = Class.forName(DRIVER);
            if (connection.isWrapperFor(type) && isSameBackend(connection, type)) {
                session = new DirectSession(
                        connection, connection.unwrap(type), type.getMethod("getNotifications", int.class));
                session.prepare();
            }
            if (session == null) {
                connection.setNetworkTimeout(Runnable::run, before);
            }
        } catch (ReflectiveOperationException e) {
            LOGGER.debug("the driver does not tell whether there is a pooler in between", e);
        } finally {
            if (session == null) {
                connection.close();
            }
        }
        return Optional.ofNullable(session);
    }

    /** Returns whether there is no pooler in between, as far as the driver can tell. */
    public static boolean isDirect(Connection connection) throws SQLException {
        try {
            Class<?> type = Class.forName(DRIVER);
            return !connection.isWrapperFor(type) || isSameBackend(connection, type);
        } catch (ReflectiveOperationException e) {
            LOGGER.debug("the driver does not tell whether there is a pooler in between", e);
            return true;
        }
    }

    /** Returns whether the driver talks to the backend itself: a pooler gives its clients a process id of its own making. */
    private static boolean isSameBackend(Connection connection, Class<?> type)
            throws SQLException, ReflectiveOperationException {
        Object told = type.getMethod("getBackendPID").invoke(connection.unwrap(type));
        return Jdbc.one(connection, BACKEND, row -> row.getInt("pid")).equals(told);
    }

    private void prepare() throws SQLException {
        try {
            Jdbc.run(connection, LASTING);
        } catch (SQLException e) {
            LOGGER.debug("the session goes on with the server's own timeouts", e);
        }
    }

    /** Takes a lock that the session holds until it ends; returns false if another session has it. */
    public boolean lock(long key) throws SQLException {
        return Jdbc.one(connection, LOCK, row -> row.getBoolean("locked"), key);
    }

    /** Starts to listen for the notifications that the trigger of {@code batched_background_migrations} sends. */
    public void listen() throws SQLException {
        Jdbc.run(connection, LISTEN);
    }

    /** Runs statements in the session, in auto-commit mode. */
    public <T> T ask(Jdbc.Transaction<T> question) throws SQLException {
        return question.run(connection);
    }

    /** Waits for a notification without sending a statement. Throws at once if the connection is lost. */
    public boolean await(Duration atMost) throws SQLException {
        try {
            Object[] received = (Object[]) notifications.invoke(driver, (int) atMost.toMillis());
            return received != null && received.length > 0;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SQLException cause) {
                throw cause;
            }
            throw new SQLException(e.getCause());
        } catch (IllegalAccessException e) {
            throw new SQLException(e);
        }
    }

    /** Ends the session at once, even while another thread waits in it or the network does not answer. */
    @Override
    public void close() {
        try (connection) {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            LOGGER.debug("the session was gone already", e);
        }
    }
}
