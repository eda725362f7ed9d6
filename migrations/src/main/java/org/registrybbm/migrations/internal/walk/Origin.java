package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * Identifies this database. In a database into which its dump was restored, the same object ids belong to other tables or to none. Servers
 * are told apart by their system identifier if the engine's role may read it; some providers reserve that.
 */
final class Origin {
    private static final String MAY_READ_SYSTEM = """
            SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS allowed
            """;

    private static final String OF_SERVER = """
            SELECT (SELECT system_identifier FROM pg_control_system())
                || '/' || to_regclass('batched_background_migration_walks')::oid AS origin
            """;

    private static final String OF_DATABASE = """
            SELECT 'database ' || oid || '/' || to_regclass('batched_background_migration_walks')::oid AS origin
            FROM pg_database
            WHERE datname = current_database()
            """;

    private static final String IS_ELSEWHERE = """
            SELECT EXISTS (
                SELECT
                FROM batched_background_migration_walks
                WHERE id = ?
                    AND origin IS DISTINCT FROM ?
            ) AS found
            """;

    private Origin() {}

    /** Returns a text that stays the same as long as object ids mean the same tables. */
    static String of(Connection connection) throws SQLException {
        // This takes two statements, because PostgreSQL checks a privilege when a statement begins, even for a part
        // that is never executed.
        boolean allowed = Jdbc.one(connection, MAY_READ_SYSTEM, row -> row.getBoolean("allowed"));
        return Jdbc.one(connection, allowed ? OF_SERVER : OF_DATABASE, row -> row.getString("origin"));
    }

    /** Returns whether a walk was begun in another database, so that its object id does not belong to its table here. */
    static boolean isElsewhere(Connection connection, long walkId) throws SQLException {
        return Jdbc.one(connection, IS_ELSEWHERE, row -> row.getBoolean("found"), walkId, of(connection));
    }
}
