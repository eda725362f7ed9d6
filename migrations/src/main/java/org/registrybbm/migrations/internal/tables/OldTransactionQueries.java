package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** What PostgreSQL shows of transactions that keep the old versions of all rows, as that of a {@code pg_dump} does. */
public final class OldTransactionQueries {
    // The details of other users' sessions are NULL to a role without pg_monitor. A prepared transaction is no
    // session's.
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

    /** Says who holds the oldest transaction of this database, and since when; empty where none is older than some time. */
    public static Optional<String> oldest(Connection connection, Duration longest) throws SQLException {
        return Jdbc.first(connection, OLDEST, row -> row.getString("holder"), longest.toMillis() / 1_000.0);
    }
}
