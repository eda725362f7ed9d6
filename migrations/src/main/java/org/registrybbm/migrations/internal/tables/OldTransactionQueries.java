package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * What PostgreSQL shows about long transactions, such as that of {@code pg_dump}, which keep the server from removing old versions of rows.
 */
public final class OldTransactionQueries {
    // A role without pg_monitor gets NULL for the details of other users' sessions. A prepared transaction belongs to
    // no session.
    private static final String OLDEST = """
            SELECT holder || ', open since ' || to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') AS holder
            FROM (
                SELECT 'the transaction of process ' || pid
                        || coalesce(' (' || nullif(application_name, '') || ' of ' || usename || ')', ' (' || usename || ')', '')
                        AS holder,
                    xact_start AS since
                FROM pg_stat_activity
                WHERE datname = current_database()
                    AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
                    AND pid <> pg_backend_pid()
                UNION ALL
                SELECT 'the prepared transaction ' || quote_literal(gid) || ' (of ' || owner || ')', prepared
                FROM pg_prepared_xacts
                WHERE database = current_database()
            ) AS transactions
            WHERE since < clock_timestamp() - make_interval(secs => ?)
            ORDER BY since
            LIMIT 1
            """;

    private OldTransactionQueries() {}

    /** Returns who holds the oldest transaction of this database, and since when; empty if no transaction is older than {@code longest}. */
    public static Optional<String> oldest(Connection connection, Duration longest) throws SQLException {
        return Jdbc.first(connection, OLDEST, row -> row.getString("holder"), longest.toMillis() / 1_000.0);
    }
}
