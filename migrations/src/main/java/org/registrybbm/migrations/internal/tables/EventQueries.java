package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.model.StatusChange.Decider;

/** Statements on {@code batched_background_migration_events}, which records what the engine decided and why, for people to read later. */
public final class EventQueries {
    // Each migration keeps its last 1,000 events, so that the table does not grow with the number of batches.
    private static final String RECORD = """
            WITH pruned AS (
                DELETE FROM batched_background_migration_events
                WHERE batched_background_migration_id = ?
                    AND id <= (
                        SELECT id
                        FROM batched_background_migration_events
                        WHERE batched_background_migration_id = ?
                        ORDER BY id DESC
                        OFFSET 999
                        LIMIT 1
                    )
            )
            INSERT INTO batched_background_migration_events
                (batched_background_migration_id, batched_background_migration_job_id, replica, event, old_value, new_value,
                 reason, actor, via)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;

    // What concerns no migration alone: a budget of the fleet or of a table.
    private static final String RECORD_OF_FLEET = """
            WITH pruned AS (
                DELETE FROM batched_background_migration_events
                WHERE batched_background_migration_id IS NULL
                    AND id <= (
                        SELECT id
                        FROM batched_background_migration_events
                        WHERE batched_background_migration_id IS NULL
                        ORDER BY id DESC
                        OFFSET 999
                        LIMIT 1
                    )
            )
            INSERT INTO batched_background_migration_events (event, old_value, new_value, reason, actor, via)
            VALUES (?, ?, ?, ?, ?, ?)
            """;

    // Until the transaction ends. A trigger on the status reads them.
    private static final String DECIDE = """
            SELECT set_config('registry_bbm.actor', coalesce(?, ''), true),
                set_config('registry_bbm.via', ?, true),
                set_config('registry_bbm.reason', coalesce(?, ''), true)
            """;

    private static final String DECIDED_BY_ENGINE = """
            SELECT set_config('registry_bbm.via', 'engine', true)
            """;

    private static final String LAST_BY_PERSON = """
            SELECT coalesce(
                (
                    SELECT event IN ('retried', 'waived')
                    FROM batched_background_migration_events
                    WHERE batched_background_migration_id = ?
                        AND event NOT IN ('paused', 'started')
                    ORDER BY id DESC
                    LIMIT 1
                ),
                false
            ) AS found
            """;

    /** A change of a size is recorded if it is at least by this factor. */
    private static final double WORTH_TELLING = 1.5;

    private EventQueries() {}

    /** What happened to a migration or a batch job. */
    public record Event(
            String event,
            @Nullable Long oldValue,
            @Nullable Long newValue,
            @Nullable String reason) {
        /** Creates an event that has no numbers. */
        public Event(String event, String reason) {
            this(event, null, null, reason);
        }
    }

    /** Returns whether two sizes differ by enough to be recorded. */
    public static boolean isWorthTelling(@Nullable Long from, long to) {
        return from == null || to >= from * WORTH_TELLING || to * WORTH_TELLING <= from;
    }

    /** Records a decision about a migration that concerns none of its batch jobs. */
    public static void record(Connection connection, long migrationId, Event event) throws SQLException {
        record(connection, migrationId, null, null, event);
    }

    public static void record(
            Connection connection, long migrationId, @Nullable Long jobId, @Nullable String replica, Event event)
            throws SQLException {
        record(connection, migrationId, jobId, replica, event, null);
    }

    /** Records what a person has decided, or a program for one. */
    public static void recordDecision(
            Connection connection, long migrationId, @Nullable Long jobId, Event event, Decider decider)
            throws SQLException {
        record(connection, migrationId, jobId, null, event, decider);
    }

    /** Records what a person has decided about no migration alone. */
    public static void recordDecision(Connection connection, Event event, Decider decider) throws SQLException {
        Jdbc.update(
                connection,
                RECORD_OF_FLEET,
                event.event(),
                event.oldValue(),
                event.newValue(),
                event.reason(),
                decider.name(),
                decider.via());
    }

    private static void record(
            Connection connection,
            long migrationId,
            @Nullable Long jobId,
            @Nullable String replica,
            Event event,
            @Nullable Decider decider)
            throws SQLException {
        Jdbc.update(
                connection,
                RECORD,
                migrationId,
                migrationId,
                migrationId,
                jobId,
                replica,
                event.event(),
                event.oldValue(),
                event.newValue(),
                event.reason(),
                decider == null ? null : decider.name(),
                decider == null ? null : decider.via());
    }

    /** Says who decides what follows in this transaction. */
    public static void decide(Connection tx, Decider decider) throws SQLException {
        Jdbc.list(tx, DECIDE, row -> true, decider.name(), decider.via(), decider.reason());
    }

    /** Says that what follows in this transaction is not to be recorded as the decision of a person, or is recorded otherwise. */
    public static void decidedByEngine(Connection tx) throws SQLException {
        Jdbc.list(tx, DECIDED_BY_ENGINE, row -> true);
    }

    /** Returns whether the last event of a migration, without pauses and starts, is that a person retried it or waived rows. */
    public static boolean isDecidedByPerson(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, LAST_BY_PERSON, row -> row.getBoolean("found"), migrationId);
    }
}
