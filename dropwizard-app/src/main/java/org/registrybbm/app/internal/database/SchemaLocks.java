package org.registrybbm.app.internal.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** Finds out who holds the lock that a schema change waited for in vain. */
public final class SchemaLocks {
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final Pattern WORD = Pattern.compile("\\w+");

    // A session may have no name, and the name of another user's session may be hidden.
    private static final String HOLDER = """
            SELECT l.relation::regclass::text AS locked, l.pid,
                coalesce(nullif(a.application_name, ''), 'an unnamed session') AS name,
                coalesce(a.usename, 'unknown') AS usename,
                extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS seconds
            FROM pg_locks l
            JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
            JOIN pg_class c ON c.oid = l.relation
            LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'relation'
                AND l.granted
                AND l.pid <> pg_backend_pid()
                AND c.relkind IN ('r', 'p')
                AND c.relname = ANY (?)
            ORDER BY a.xact_start, l.pid
            LIMIT 1
            """;

    private SchemaLocks() {}

    /** Returns a message that names the holder of the lock; empty if the change failed for another reason. */
    public static Optional<String> why(Throwable thrown, DataSource dataSource) {
        boolean locked = causes(thrown)
                .anyMatch(one -> one instanceof SQLException sql && LOCK_NOT_AVAILABLE.equals(sql.getSQLState()));
        if (!locked) {
            return Optional.empty();
        }
        return Optional.of(
                "the schema change stopped: " + holder(thrown, dataSource)
                        + "; changes made before that are kept; wait for that session or end it, then run the same command again");
    }

    private static String holder(Throwable thrown, DataSource dataSource) {
        // Liquibase's message holds the statement that failed, and the statement names the table.
        String[] words = causes(thrown)
                .map(Throwable::getMessage)
                .filter(Objects::nonNull)
                .flatMap(text -> WORD.matcher(text).results().map(found -> found.group()))
                .distinct()
                .toArray(String[]::new);
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(HOLDER)) {
            statement.setArray(1, connection.createArrayOf("text", words));
            try (ResultSet row = statement.executeQuery()) {
                if (row.next()) {
                    return "the table %s is locked by '%s' (user %s, process %d of PostgreSQL, in a transaction for %d s)"
                            .formatted(
                                    row.getString("locked"),
                                    row.getString("name"),
                                    row.getString("usename"),
                                    row.getLong("pid"),
                                    row.getLong("seconds"));
                }
            }
        } catch (SQLException e) {
            // The first failure is more important than this one.
        }
        return "another session held a lock for too long that the change needs";
    }

    private static Stream<Throwable> causes(Throwable thrown) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause).limit(20);
    }
}
