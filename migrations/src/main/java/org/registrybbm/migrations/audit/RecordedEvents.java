package org.registrybbm.migrations.audit;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/** The statements that read events. */
public final class RecordedEvents {
    private static final String NEWEST = """
            SELECT e.id, e.at, e.event, e.old_value, e.new_value, e.replica, e.batched_background_migration_job_id AS job_id,
                e.reason, e.actor, e.via
            FROM batched_background_migration_events e
            JOIN batched_background_migrations m ON m.id = e.batched_background_migration_id
            WHERE m.name = ?
            ORDER BY e.id DESC
            LIMIT ?
            """;

    private RecordedEvents() {}

    /** Returns the newest events of a migration, the newest first. */
    public static List<RecordedEvent> newest(Connection connection, String migration, int limit) throws SQLException {
        return Jdbc.list(connection, NEWEST, RecordedEvents::recorded, migration, limit);
    }

    private static RecordedEvent recorded(ResultSet row) throws SQLException {
        return new RecordedEvent(
                row.getLong("id"),
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
