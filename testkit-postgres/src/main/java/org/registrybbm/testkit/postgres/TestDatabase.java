package org.registrybbm.testkit.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Gives access to the database of a test class. It is migrated but holds no rows yet, and is dropped after the class. Closed sessions are
 * reset and used again.
 *
 * @param name the name of the database
 * @param url JDBC URL with user and password
 */
public record TestDatabase(String name, String url) implements BareDataSource {
    private static final Pattern OF_DEFINITIONS = Pattern.compile("(?i)\\b(CREATE|ALTER|DROP)\\s");
    // Statements whose effect only later sessions see.
    private static final Pattern OF_NEW_SESSIONS = Pattern.compile("(?i)ALTER\\s+(DATABASE|ROLE|USER|SYSTEM)");

    @Override
    public Connection getConnection() throws SQLException {
        return inItsTimeZone(KeptSessions.take(url));
    }

    // pgjdbc sets the JVM's time zone at the start of a session, whatever the default of the database is.
    private static Connection inItsTimeZone(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET TIME ZONE '" + PostgresExtension.TIME_ZONE + "'");
        }
        return connection;
    }

    /** Runs statements separated by semicolons. */
    public void execute(String sql) {
        try (Connection connection = getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage() + "\n" + sql, e);
        }
        if (OF_DEFINITIONS.matcher(sql).find()) {
            KeptSessions.definitionsChanged();
        }
        if (OF_NEW_SESSIONS.matcher(sql).find()) {
            endKeptSessions();
        }
    }

    /** Ends the sessions that nobody uses now. To be called after a change of a setting that only new sessions get. */
    public void endKeptSessions() {
        KeptSessions.end(name);
    }

    /** Returns the first column of every row as text. */
    public List<String> column(String sql, Object... args) {
        try (Connection connection = getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) {
                statement.setObject(i + 1, args[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                List<String> values = new ArrayList<>();
                while (rows.next()) {
                    values.add(String.valueOf(rows.getString(1)));
                }
                return values;
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage() + "\n" + sql, e);
        }
    }

    /** Returns the only value of a query as text; {@code "null"} for NULL. */
    public String text(String sql, Object... args) {
        List<String> values = column(sql, args);
        if (values.size() != 1) {
            throw new IllegalStateException(values.size() + " rows instead of one from " + sql);
        }
        return values.get(0);
    }

    /** Returns the only value of a query as a number. */
    public long number(String sql, Object... args) {
        return Long.parseLong(text(sql, args));
    }
}
