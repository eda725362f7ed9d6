package org.registrybbm.migrations.internal.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** What PostgreSQL shows of its synchronous standbys. */
public final class StandbyQueries {
    // A healthy standby answers in milliseconds. Sessions of other users show no wait event to a role without
    // pg_monitor.
    private static final String IS_WAITED_FOR = """
            SELECT EXISTS (
                SELECT
                FROM pg_stat_activity
                WHERE datname = current_database()
                    AND wait_event = 'SyncRep'
                    AND query_start < clock_timestamp() - interval '2 seconds'
            ) AS found
            """;

    private StandbyQueries() {}

    /** Returns whether a commit has waited for a synchronous standby for longer than one that is there takes. */
    public static boolean isWaitedFor(Connection connection) throws SQLException {
        return Jdbc.one(connection, IS_WAITED_FOR, row -> row.getBoolean("found"));
    }
}
