package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** What the database shows about the replicas of the fleet. */
final class ReplicaQueries {
    // Every key of a presence begins with the letters bbm. A replica behind a pooler has none, but its leases show it
    // while it works.
    private static final String IS_ANY_THERE = """
            SELECT EXISTS (
                    SELECT
                    FROM pg_locks l
                    JOIN pg_database d ON d.oid = l.database
                    WHERE d.datname = current_database()
                        AND l.locktype = 'advisory'
                        AND l.objsubid = 1
                        AND l.granted
                        AND l.classid::bigint >> 8 = x'62626d'::bigint
                )
                OR EXISTS (
                    SELECT
                    FROM batched_background_migration_jobs
                    WHERE status = 1
                        AND lease_until > clock_timestamp()
                ) AS found
            """;

    private ReplicaQueries() {}

    /** Returns whether a replica shows its presence on this database, or holds a lease. */
    static boolean isAnyThere(Connection connection) throws SQLException {
        return Jdbc.one(connection, IS_ANY_THERE, row -> row.getBoolean("found"));
    }
}
