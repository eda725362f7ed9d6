package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;

/** Has a migration that had failed go on as if it never had. */
public final class Restart {
    private Restart() {}

    /** Makes a failed migration active; false when it has not failed. */
    public static boolean ofFailed(Connection connection, long migrationId) throws SQLException {
        if (!MigrationQueries.reactivate(connection, migrationId)) {
            return false;
        }
        forget(connection, migrationId);
        return true;
    }

    /** Forgets why a migration failed that is active again, how often its batch jobs were tried, and what it had proved by then. */
    static void forget(Connection connection, long migrationId) throws SQLException {
        MigrationQueries.forgetFailure(connection, migrationId);
        JobQueries.forgetAttempts(connection, migrationId);
        WalkQueries.forgetProof(connection, migrationId);
    }
}
