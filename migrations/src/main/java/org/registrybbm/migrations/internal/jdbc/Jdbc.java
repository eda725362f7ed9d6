package org.registrybbm.migrations.internal.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.failure.SqlFailures;

/** The few lines of JDBC that every query repeats. */
public final class Jdbc {
    private Jdbc() {}

    /** Makes a value of the current row. */
    @FunctionalInterface
    public interface RowMapper<T> {
        T map(ResultSet row) throws SQLException;
    }

    /** Work inside one transaction. */
    @FunctionalInterface
    public interface Transaction<T extends @Nullable Object> {
        T run(Connection connection) throws SQLException;
    }

    /** Runs a query and maps its rows. */
    public static <T> List<T> list(Connection connection, String sql, RowMapper<T> mapper, @Nullable Object... args)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, args);
            try (ResultSet rows = statement.executeQuery()) {
                List<T> mapped = new ArrayList<>();
                while (rows.next()) {
                    mapped.add(mapper.map(rows));
                }
                return mapped;
            }
        }
    }

    /** Runs a query that returns at most one row. */
    public static <T> Optional<T> first(
            Connection connection, String sql, RowMapper<T> mapper, @Nullable Object... args) throws SQLException {
        return list(connection, sql, mapper, args).stream().findFirst();
    }

    /** Runs a query that returns exactly one row. */
    public static <T> T one(Connection connection, String sql, RowMapper<T> mapper, @Nullable Object... args)
            throws SQLException {
        return first(connection, sql, mapper, args).orElseThrow(() -> new SQLException("no row from: " + sql, "02000"));
    }

    /** Runs a statement and returns how many rows it changed. */
    public static long update(Connection connection, String sql, @Nullable Object... args) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, args);
            return statement.executeLargeUpdate();
        }
    }

    /** Runs statements without parameters, separated by semicolons, in one round trip. */
    public static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /**
     * Runs work that takes milliseconds in a transaction of its own. Commits if the work returns, rolls back if it throws, and hands the
     * connection back in auto-commit mode. A session that turns out to be read-only is not used again.
     */
    public static <T extends @Nullable Object> T inTransaction(DataSource dataSource, Transaction<T> work)
            throws SQLException {
        return shortly(dataSource, connection -> inTransaction(connection, work));
    }

    /** Runs work on a connection that waits for no answer longer than {@link NetworkLimit#SHORT}. */
    public static <T extends @Nullable Object> T shortly(DataSource dataSource, Transaction<T> work)
            throws SQLException {
        try (Connection connection = dataSource.getConnection();
                NetworkLimit limit = NetworkLimit.atMost(connection, NetworkLimit.SHORT)) {
            return work.run(connection);
        }
    }

    /** Runs work in a transaction of a connection that is in auto-commit mode. */
    public static <T extends @Nullable Object> T inTransaction(Connection connection, Transaction<T> work)
            throws SQLException {
        connection.setAutoCommit(false);
        try {
            T result = work.run(connection);
            connection.commit();
            connection.setAutoCommit(true);
            return result;
        } catch (Throwable e) {
            rollBack(connection, e);
            if (SqlFailures.isReadOnly(e)) {
                Sessions.discard(connection);
            }
            throw e;
        }
    }

    private static void rollBack(Connection connection, Throwable why) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            // The connection is gone, and with it the transaction.
            why.addSuppressed(e);
        }
    }

    private static void bind(PreparedStatement statement, @Nullable Object... args) throws SQLException {
        for (int i = 0; i < args.length; i++) {
            statement.setObject(i + 1, args[i]);
        }
    }
}
