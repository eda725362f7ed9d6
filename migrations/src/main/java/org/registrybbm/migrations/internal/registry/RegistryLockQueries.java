package org.registrybbm.migrations.internal.registry;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on the advisory lock that the container registry's own software takes before it works on batched migrations. */
public final class RegistryLockQueries {
    // The tables are the container registry's if its changelog table exists and they lack the comment that our
    // changesets put on tables they create. NULL while there are no tables yet.
    private static final String IS_TAKEN_OVER = """
            SELECT CASE WHEN tables.own IS NOT NULL THEN
                    to_regclass('schema_migrations') IS NOT NULL
                    AND coalesce(obj_description(tables.own, 'pg_class') NOT LIKE '%Created by Registry BBM.', true)
                END AS taken_over
            FROM (SELECT to_regclass('batched_background_migrations') AS own) AS tables
            """;

    private static final String TRY_SHARED = """
            SELECT pg_try_advisory_lock_shared(1) AS locked
            """;

    private static final String HOLDER = """
            SELECT l.pid
            FROM pg_locks l
            JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database()
                AND l.locktype = 'advisory'
                AND l.classid = 0
                AND l.objid = 1
                AND l.objsubid = 1
                AND l.mode = 'ExclusiveLock'
                AND l.granted
            """;

    private RegistryLockQueries() {}

    /** Returns whether the tables are the container registry's own; empty while there are none. */
    public static Optional<Boolean> isTakenOver(Connection connection) throws SQLException {
        return Jdbc.one(connection, IS_TAKEN_OVER, row -> {
            boolean takenOver = row.getBoolean("taken_over");
            return row.wasNull() ? Optional.empty() : Optional.of(takenOver);
        });
    }

    /** Takes the lock for the session in shared mode; returns false while the container registry's software holds it. */
    static boolean tryShared(Connection connection) throws SQLException {
        return Jdbc.one(connection, TRY_SHARED, row -> row.getBoolean("locked"));
    }

    /** Returns the process id of the container registry's session that holds the lock because it is working; empty if there is none. */
    public static Optional<Integer> holder(Connection connection) throws SQLException {
        if (!isTakenOver(connection).orElse(false)) {
            return Optional.empty();
        }
        return Jdbc.first(connection, HOLDER, row -> row.getInt("pid"));
    }
}
