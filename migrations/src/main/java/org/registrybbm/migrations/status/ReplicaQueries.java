package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
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

    // A replica that has held a batch job since its session began is known by its name. One that has not is known by
    // the name of that session alone. A replica without a session, behind a pooler, is known while it works.
    private static final String LIST = """
            WITH sessions AS (
                SELECT l.classid::bigint << 32 | l.objid::bigint AS key, a.application_name AS name
                FROM pg_locks l
                JOIN pg_database d ON d.oid = l.database
                JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE d.datname = current_database()
                    AND l.locktype = 'advisory'
                    AND l.objsubid = 1
                    AND l.granted
                    AND l.classid::bigint >> 8 = x'62626d'::bigint
            ), held AS (
                SELECT lease_owner AS name, lease_session AS key, count(*) AS jobs
                FROM batched_background_migration_jobs
                WHERE status = 1
                    AND lease_token IS NOT NULL
                    AND lease_until > clock_timestamp()
                GROUP BY 1, 2
            )
            SELECT coalesce(h.name, s.name, '') AS name, coalesce(sum(h.jobs), 0) AS jobs
            FROM sessions s
            FULL JOIN held h ON h.key = s.key
            GROUP BY s.key, 1
            ORDER BY 1
            """;

    private static final String NOW = """
            SELECT clock_timestamp() AS now
            """;

    private ReplicaQueries() {}

    /** Returns the time by the database's clock, which all replicas share. */
    static Instant now(Connection connection) throws SQLException {
        return Jdbc.one(
                connection,
                NOW,
                row -> row.getObject("now", OffsetDateTime.class).toInstant());
    }

    /** Returns the replicas that show themselves, by name. */
    static List<Replica> list(Connection connection) throws SQLException {
        return Jdbc.list(connection, LIST, row -> new Replica(row.getString("name"), row.getInt("jobs")));
    }

    /** Returns whether a replica shows its presence on this database, or holds a lease. */
    static boolean isAnyThere(Connection connection) throws SQLException {
        return Jdbc.one(connection, IS_ANY_THERE, row -> row.getBoolean("found"));
    }
}
