package org.registrybbm.migrations.audit;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/** The statements that read events. */
public final class RecordedEvents {
    private static final String EVENTS = """
            SELECT e.id, m.name, e.at, e.event, e.old_value, e.new_value, e.replica,
                e.batched_background_migration_job_id AS job_id, e.reason, e.actor, e.via
            FROM batched_background_migration_events e
            """;

    private static final String NEWEST = EVENTS + """
            JOIN batched_background_migrations m ON m.id = e.batched_background_migration_id
            WHERE m.name = ?
                AND e.id < ?
            ORDER BY e.id DESC
            LIMIT ?
            """;

    // By its key, from the end, as far as the limit goes.
    private static final String OF_ALL = EVENTS + """
            LEFT JOIN batched_background_migrations m ON m.id = e.batched_background_migration_id
            WHERE e.id < ?
                AND (?::text IS NULL OR e.actor = ?)
            ORDER BY e.id DESC
            LIMIT ?
            """;

    private static final String AFTER = EVENTS + """
            LEFT JOIN batched_background_migrations m ON m.id = e.batched_background_migration_id
            WHERE e.id > ?
                AND e.id <= ?
            ORDER BY e.id
            LIMIT ?
            """;

    // Whoever records an event locks the table before the event gets its id, and until the transaction ends. The newest
    // id is that of a snapshot, which is older than the look at the locks.
    private static final String SIGHT = """
            SELECT coalesce((SELECT max(id) FROM batched_background_migration_events), 0) AS newest,
                ARRAY(
                    SELECT DISTINCT CASE WHEN pid IS NULL THEN 'prepared' ELSE virtualtransaction END
                    FROM pg_locks
                    WHERE locktype = 'relation'
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        AND relation = 'batched_background_migration_events'::regclass
                        AND mode = 'RowExclusiveLock'
                        AND granted
                ) AS recording
            """;

    private RecordedEvents() {}

    /** Returns the newest events of a migration before one of them, the newest first. */
    public static List<RecordedEvent> newest(Connection connection, String migration, long before, int limit)
            throws SQLException {
        return Jdbc.list(connection, NEWEST, RecordedEvents::recorded, migration, before, limit);
    }

    /** Returns the newest events of all migrations before one of them, the newest first; those of one person only if one is given. */
    public static List<RecordedEvent> before(Connection connection, long before, @Nullable String actor, int limit)
            throws SQLException {
        return Jdbc.list(connection, OF_ALL, RecordedEvents::recorded, before, actor, actor, limit);
    }

    /** Returns the events of all migrations after one of them and up to another one, the oldest first. */
    public static List<RecordedEvent> after(Connection connection, long after, long upTo, int limit)
            throws SQLException {
        return Jdbc.list(connection, AFTER, RecordedEvents::recorded, after, upTo, limit);
    }

    /** Returns the newest event and the transactions that may have recorded others. */
    static SettledEvents.Sight sight(Connection connection) throws SQLException {
        return Jdbc.one(
                connection,
                SIGHT,
                row -> new SettledEvents.Sight(row.getLong("newest"), Set.of((String[])
                        row.getArray("recording").getArray())));
    }

    private static RecordedEvent recorded(ResultSet row) throws SQLException {
        return new RecordedEvent(
                row.getLong("id"),
                row.getString("name"),
                row.getObject("at", OffsetDateTime.class).toInstant(),
                row.getString("event"),
                ResultSets.nullable(row, "old_value"),
                ResultSets.nullable(row, "new_value"),
                row.getString("replica"),
                ResultSets.nullable(row, "job_id"),
                row.getString("reason"),
                row.getString("actor"),
                row.getString("via"));
    }
}
