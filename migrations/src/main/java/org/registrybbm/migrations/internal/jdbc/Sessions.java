package org.registrybbm.migrations.internal.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds and discards sessions that may only read. A session gets PostgreSQL's default when it begins. A session of a pool therefore keeps
 * refusing to write long after {@code default_transaction_read_only} was reset or the standby behind it was promoted.
 */
public final class Sessions {
    private static final Logger LOGGER = LoggerFactory.getLogger(Sessions.class);
    private static final String DRIVER = "org.postgresql.PGConnection";
    private static final String TOMCAT = "org.apache.tomcat.jdbc.pool.PooledConnection";
    private static final String ON = "on";

    private static final String AGE = """
            SELECT clock_timestamp() AS now, backend_start
            FROM pg_stat_activity
            WHERE pid = pg_backend_pid()
            """;

    private Sessions() {}

    /** The time when a session began and the current time, both by the database's clock. */
    public record Age(OffsetDateTime began, OffsetDateTime now) {}

    /** Asks a session for its age; empty if the question fails. */
    public static Optional<Age> age(Connection connection) {
        try {
            Optional<Age> age = Jdbc.first(
                    connection,
                    AGE,
                    row -> new Age(
                            row.getObject("backend_start", OffsetDateTime.class),
                            row.getObject("now", OffsetDateTime.class)));
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
            return age;
        } catch (SQLException e) {
            LOGGER.debug("the session does not tell its age", e);
            return Optional.empty();
        }
    }

    /** Returns whether the server has told the driver that the session may only read. This sends no statement. */
    public static boolean isReadOnly(Connection connection) {
        try {
            Class<?> type = Class.forName(DRIVER);
            return connection.isWrapperFor(type)
                    && (isOn(connection.unwrap(type), type, "default_transaction_read_only")
                            || isOn(connection.unwrap(type), type, "in_hot_standby"));
        } catch (ReflectiveOperationException | SQLException | RuntimeException e) {
            LOGGER.debug("the driver does not tell whether the session may only read", e);
            return false;
        }
    }

    private static boolean isOn(Object driver, Class<?> type, String setting) throws ReflectiveOperationException {
        return ON.equals(type.getMethod("getParameterStatus", String.class).invoke(driver, setting));
    }

    /** Ends a session. Its pool does not hand it out again once it is given back. */
    public static void discard(Connection connection) {
        LOGGER.debug("a session that may only read is thrown away");
        try {
            tellTomcat(connection);
            connection.abort(Runnable::run);
        } catch (SQLException | RuntimeException e) {
            LOGGER.debug("the session was gone already", e);
        }
    }

    /** Other pools check whether a connection is closed. Tomcat's pool checks that only from time to time, so it must be told. */
    private static void tellTomcat(Connection connection) {
        try {
            Class<?> type = Class.forName(TOMCAT);
            type.getMethod("setDiscarded", boolean.class).invoke(connection.unwrap(type), true);
        } catch (ClassNotFoundException | NoSuchMethodException | SQLException e) {
            LOGGER.trace("the connection is not from Tomcat's pool", e);
        } catch (IllegalAccessException | InvocationTargetException e) {
            LOGGER.debug("Tomcat's pool could not be told", e);
        }
    }
}
