package org.registrybbm.migrations.outbox;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.model.MigrationStatus;

/** Statements on {@code batched_background_migration_messages}. */
final class MessageQueries {
    private static final double MILLIS = 1000;

    private static final String COLUMNS = """
            id, message_id, event, at, batched_background_migration_id, name, table_name, failure_error_code,
            failure_message, status, reason, sentence, command, percent, migrated_tuple_count, quarantined, attempts
            """;

    /**
     * SQL condition that a message is due. What a later release tells may wait here while both releases run, or after the later one was
     * taken back. Only its own replicas know how to say it.
     */
    static final String IS_DUE = """
            due_at <= clock_timestamp()
                AND event IN ('failed', 'stalled', 'quarantined', 'finished', 'progress')
            """.strip();

    // A sender that died counts as a try.
    private static final String NEXT = "SELECT " + COLUMNS + """
            FROM batched_background_migration_messages
            WHERE %s
            ORDER BY due_at, id
            LIMIT 1
            """.formatted(IS_DUE);

    // One whose sender dies each time goes behind the others.
    private static final String COUNT_ATTEMPT = """
            UPDATE batched_background_migration_messages
            SET attempts = attempts + 1,
                due_at = clock_timestamp() + interval '30 seconds'
            WHERE id = ?
            """;

    private static final String UNCOUNT = """
            UPDATE batched_background_migration_messages
            SET attempts = attempts - 1,
                due_at = clock_timestamp()
            WHERE id = ?
            """;

    private static final String SAY = """
            UPDATE batched_background_migration_messages
            SET status = ?,
                reason = ?,
                sentence = ?,
                command = ?,
                percent = ?,
                migrated_tuple_count = ?,
                quarantined = ?
            WHERE id = ?
            """;

    private static final String POSTPONE = """
            UPDATE batched_background_migration_messages
            SET due_at = clock_timestamp() + ? * interval '1 second',
                last_failure = ?
            WHERE id = ?
            """;

    private static final String DELETE = """
            DELETE FROM batched_background_migration_messages
            WHERE id = ANY (?)
            """;

    private static final String DELETE_ALL = """
            DELETE FROM batched_background_migration_messages
            """;

    private static final String OTHERS_OF_QUARANTINE = """
            DELETE FROM batched_background_migration_messages
            WHERE event = 'quarantined'
                AND batched_background_migration_id = ?
                AND attempts = 0
                AND id <> ?
            """;

    // The event is there for as long as the migration is.
    private static final String GIVE_UP = """
            WITH given_up AS (
                DELETE FROM batched_background_migration_messages
                WHERE at < clock_timestamp() - ? * interval '1 second'
                    OR attempts >= ?
                RETURNING *
            ), recorded AS (
                INSERT INTO batched_background_migration_events
                    (batched_background_migration_id, event, old_value, reason)
                SELECT m.id, 'webhook_given_up', g.attempts,
                    concat_ws('; ', 'the message ''' || g.event || ''' was not delivered', g.last_failure)
                FROM given_up g
                JOIN batched_background_migrations m ON m.id = g.batched_background_migration_id
            )
            SELECT
            """ + COLUMNS + """
            FROM given_up
            ORDER BY id
            """;

    private static final String WRITE_PROGRESS = """
            WITH told AS (
                INSERT INTO batched_background_migration_told AS t (batched_background_migration_id, percent)
                SELECT m.id, ?
                FROM batched_background_migrations m
                WHERE m.id = ?
                ON CONFLICT (batched_background_migration_id) DO UPDATE
                SET percent = excluded.percent
                WHERE t.percent < excluded.percent
                RETURNING batched_background_migration_id AS id
            )
            """;

    private static final String WRITE_STALLED = """
            WITH told AS (
                INSERT INTO batched_background_migration_told AS t (batched_background_migration_id, stalled)
                SELECT m.id, true
                FROM batched_background_migrations m
                WHERE m.id = ?
                ON CONFLICT (batched_background_migration_id) DO UPDATE
                SET stalled = true
                WHERE NOT t.stalled
                RETURNING batched_background_migration_id AS id
            )
            """;

    private static final String WRITE = """
            INSERT INTO batched_background_migration_messages
                (event, batched_background_migration_id, name, table_name, status, reason, sentence, command, percent,
                 migrated_tuple_count, quarantined)
            SELECT ?, told.id, ?, ?, ?, ?, ?, ?, ?, ?, ?
            FROM told
            WHERE wants_batched_background_migration_message(?)
            """;

    private static final String MOVES_AGAIN = """
            UPDATE batched_background_migration_told
            SET stalled = false
            WHERE batched_background_migration_id = ?
                AND stalled
            """;

    private MessageQueries() {}

    /**
     * A row. Before its first try it may hold no more than what the trigger knew.
     *
     * @param failure why the migration failed; null if the message tells something else, or if nobody recorded it
     * @param message the message, whose sentence is empty if nobody has written it yet
     */
    record Waiting(long id, int attempts, @Nullable Failure failure, Message message) {
        boolean isWritten() {
            return !message.state().sentence().isEmpty();
        }
    }

    static Optional<Waiting> next(Connection tx) throws SQLException {
        return Jdbc.first(tx, NEXT, MessageQueries::waiting);
    }

    static void countAttempt(Connection tx, long id) throws SQLException {
        Jdbc.update(tx, COUNT_ATTEMPT, id);
    }

    static boolean uncount(Connection tx, long id) throws SQLException {
        return Jdbc.update(tx, UNCOUNT, id) > 0;
    }

    /** Writes down what a message says, in this try and all further ones. */
    static void say(Connection tx, long id, Message.State state) throws SQLException {
        Jdbc.update(
                tx,
                SAY,
                status(state),
                state.reason(),
                state.sentence(),
                state.command(),
                state.percent(),
                state.migratedTupleCount(),
                state.quarantinedRows(),
                id);
    }

    static boolean postpone(Connection tx, long id, String why, Duration delay) throws SQLException {
        return Jdbc.update(tx, POSTPONE, delay.toMillis() / MILLIS, why, id) > 0;
    }

    static void delete(Connection tx, List<Long> ids) throws SQLException {
        Jdbc.update(tx, DELETE, tx.createArrayOf("bigint", ids.toArray()));
    }

    static void deleteAll(Connection tx) throws SQLException {
        Jdbc.update(tx, DELETE_ALL);
    }

    /** Deletes what two workers have told at the same moment. */
    static void deleteOthersOfQuarantine(Connection tx, Waiting kept) throws SQLException {
        Jdbc.update(tx, OTHERS_OF_QUARANTINE, kept.message().state().migrationId(), kept.id());
    }

    /**
     * Deletes the messages that were tried often or long enough, and records that about their migrations.
     *
     * @return those that this release could have sent
     */
    static List<Message> giveUp(Connection tx, Duration longest, int mostAttempts) throws SQLException {
        return Jdbc.list(tx, GIVE_UP, MessageQueries::known, longest.toSeconds(), mostAttempts).stream()
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<Message> known(ResultSet row) throws SQLException {
        return MessageEvent.isKnown(row.getString("event"))
                ? Optional.of(waiting(row).message())
                : Optional.empty();
    }

    /** Writes that a migration has reached a mark, unless somebody has. */
    static boolean writeProgress(Connection tx, int mark, Message.State state) throws SQLException {
        return write(tx, WRITE_PROGRESS, MessageEvent.PROGRESS, state, mark, state.migrationId());
    }

    /** Writes that a migration stands still, unless somebody has. */
    static boolean writeStalled(Connection tx, Message.State state) throws SQLException {
        return write(tx, WRITE_STALLED, MessageEvent.STALLED, state, state.migrationId());
    }

    static void movesAgain(Connection tx, long migrationId) throws SQLException {
        Jdbc.update(tx, MOVES_AGAIN, migrationId);
    }

    private static boolean write(Connection tx, String told, MessageEvent event, Message.State state, Object... of)
            throws SQLException {
        @Nullable Object[] args = new @Nullable Object[of.length + 11];
        System.arraycopy(of, 0, args, 0, of.length);
        @Nullable
        Object[] said = {
            event.word(),
            state.migration(),
            state.table(),
            status(state),
            state.reason(),
            state.sentence(),
            state.command(),
            state.percent(),
            state.migratedTupleCount(),
            state.quarantinedRows(),
            event.word()
        };
        System.arraycopy(said, 0, args, of.length, said.length);
        return Jdbc.update(tx, told + WRITE, args) > 0;
    }

    private static @Nullable Integer status(Message.State state) {
        String word = state.status();
        if (word != null) {
            for (MigrationStatus known : MigrationStatus.values()) {
                if (known.word().equals(word)) {
                    return known.code();
                }
            }
        }
        return null;
    }

    private static @Nullable String word(@Nullable Integer status) {
        for (MigrationStatus known : MigrationStatus.values()) {
            if (status != null && known.code() == status) {
                return known.word();
            }
        }
        return null;
    }

    private static Waiting waiting(ResultSet row) throws SQLException {
        Integer status = ResultSets.integer(row, "status");
        Integer code = ResultSets.integer(row, "failure_error_code");
        String message = row.getString("failure_message");
        double percent = row.getDouble("percent");
        boolean unknown = row.wasNull();
        return new Waiting(
                row.getLong("id"),
                row.getInt("attempts"),
                code == null
                        ? null
                        : Failure.of(FailureCode.of(code), Objects.requireNonNullElse(message, Failure.NO_MESSAGE)),
                new Message(
                        row.getString("message_id"),
                        MessageEvent.of(row.getString("event")),
                        Objects.requireNonNull(ResultSets.instant(row, "at")),
                        new Message.State(
                                row.getLong("batched_background_migration_id"),
                                row.getString("name"),
                                row.getString("table_name"),
                                word(status),
                                Objects.requireNonNullElse(row.getString("reason"), ""),
                                Objects.requireNonNullElse(row.getString("sentence"), ""),
                                row.getString("command"),
                                unknown ? null : percent,
                                ResultSets.nullable(row, "migrated_tuple_count"),
                                ResultSets.nullable(row, "quarantined"))));
    }
}
