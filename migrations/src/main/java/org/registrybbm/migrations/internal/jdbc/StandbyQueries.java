package org.registrybbm.migrations.internal.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** What PostgreSQL shows about its synchronous standbys. */
public final class StandbyQueries {
    // A healthy standby answers in milliseconds. A role without pg_monitor does not see the wait events of other users'
    // sessions.
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

    /** Returns whether a commit has waited for a synchronous standby for more than 2 s, longer than a healthy one takes. */
    public static boolean isWaitedFor(Connection connection) throws SQLException {
        return Jdbc.one(connection, IS_WAITED_FOR, row -> row.getBoolean("found"));
    }
}
