package org.registrybbm.migrations.audit;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
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

    // An event gets its id before its transaction is committed. So that no smaller id comes later, only events are
    // returned that are older than every transaction that is open.
    private static final String SETTLED = """
            age(e.xmin) > age((pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text::xid)
            """;

    private static final String AFTER = EVENTS + """
            LEFT JOIN batched_background_migrations m ON m.id = e.batched_background_migration_id
            WHERE e.id > ?
                AND\s""" + SETTLED + """
            ORDER BY e.id
            LIMIT ?
            """;

    // By its key, from the end.
    private static final String NEWEST_SETTLED = """
            SELECT coalesce(
                (
                    SELECT e.id
                    FROM batched_background_migration_events e
                    WHERE\s""" + SETTLED + """
                    ORDER BY e.id DESC
                    LIMIT 1
                ),
                0
            ) AS id
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

    /** Returns the events of all migrations after one of them, the oldest first. */
    public static List<RecordedEvent> after(Connection connection, long after, int limit) throws SQLException {
        return Jdbc.list(connection, AFTER, RecordedEvents::recorded, after, limit);
    }

    /** Returns the id of the newest event that {@link #after} returns; 0 if there is none. */
    public static long newestSettled(Connection connection) throws SQLException {
        return Jdbc.one(connection, NEWEST_SETTLED, row -> row.getLong("id"));
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
