package org.registrybbm.migrations.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What the database writes down for the webhook, and who may send it. */
@ExtendWith(PostgresExtension.class)
class OutboxTest {
    private static final String WAITING = "SELECT event FROM batched_background_migration_messages ORDER BY id";
    private static final String FAIL = """
            UPDATE batched_background_migrations
            SET status = 3, failure_error_code = 12, failure_message = 'an index is missing'
            WHERE name = '%s'
            """;
    private static final String QUARANTINE = """
            INSERT INTO batched_background_migration_quarantined_rows
                (batched_background_migration_id, table_oid, table_name, row_key, failure_message)
            VALUES (%d, 1, 't.items', '{"id": "%d"}', 'Key (email)=(jane@example.org)')
            """;

    private final TestDatabase database;
    private final EngineFixture fixture;
    private final Outbox outbox;
    private final List<String> givenUp = new ArrayList<>();

    OutboxTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                DELETE FROM batched_background_migration_webhook;
                DELETE FROM batched_background_migration_messages;
                DELETE FROM batched_background_migration_events
                """);
        this.outbox = outbox("r1", EnumSet.complementOf(EnumSet.of(MessageEvent.TEST)));
    }

    private Outbox outbox(String replica, Set<MessageEvent> events) {
        return fixture.engine(Map.of()).outbox(new Subscriber(replica, "receiver", events));
    }

    private long queue(String name) {
        if (database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 't' AND tablename = 'items'") == 0) {
            fixture.items(1, 1_000);
        }
        return fixture.queueItems(name, ItemsWork.ADD_ONE, 100);
    }

    private void fail(String name) {
        database.execute(FAIL.formatted(name));
    }

    private Optional<Delivery> claim() {
        return outbox.claim(message -> givenUp.add(message.event().word()));
    }

    private Message next() {
        Delivery delivery = claim().orElseThrow();
        outbox.delivered(delivery);
        return delivery.message();
    }

    private void letTimePass() {
        database.execute("""
                UPDATE batched_background_migration_messages SET due_at = due_at - interval '1 hour';
                UPDATE batched_background_migration_webhook
                SET lease_until = lease_until - interval '1 hour', rests_until = rests_until - interval '1 hour',
                    looked_at = looked_at - interval '1 hour'
                """);
    }

    private List<String> events() {
        return database.column("SELECT event FROM batched_background_migration_events ORDER BY id");
    }

    @Test
    void writesNothingWhereNobodyListens() {
        long id = queue("a");
        fail("a");
        database.execute(QUARANTINE.formatted(id, 1));
        assertThat(database.column(WAITING)).isEmpty();

        outbox.attend();
        database.execute("UPDATE batched_background_migration_webhook SET listens_until = now()");
        fixture.setStatus("a", MigrationStatus.FINISHED);
        assertThat(database.column(WAITING)).isEmpty();
    }

    @Test
    void writesOnlyWhatTheReceiverWants() {
        long id = queue("a");
        outbox("r1", Set.of(MessageEvent.FINISHED)).attend();
        fail("a");
        database.execute(QUARANTINE.formatted(id, 1));
        fixture.setStatus("a", MigrationStatus.FINISHED);
        assertThat(database.column(WAITING)).containsExactly("finished");
    }

    @Test
    void tellsOfAFailureWhoseverStatementItWas() {
        long id = queue("it's");
        outbox.attend();
        database.execute(FAIL.formatted("it''s"));
        assertThat(outbox.attend()).isTrue();

        Delivery delivery = claim().orElseThrow();
        assertThat(delivery.attempt()).isEqualTo(1);
        assertThat(delivery.message().id()).matches("msg_[0-9a-f]{32}");
        assertThat(delivery.message().state())
                .isEqualTo(new Message.State(
                        id,
                        "it's",
                        "t.items",
                        "failed",
                        "failed",
                        "missing_index: an index is missing",
                        "registry background-migrate retry --migration 'it'\\''s'",
                        0.0,
                        0L,
                        0L));
        outbox.delivered(delivery);
        assertThat(outbox.attend()).isFalse();
        assertThat(claim()).isEmpty();
    }

    @Test
    void losesNothingThatIsCommittedOutOfOrder() throws SQLException {
        queue("early");
        queue("late");
        queue("never");
        outbox.attend();
        try (Connection slow = database.getConnection();
                Statement statement = slow.createStatement();
                Connection undone = database.getConnection();
                Statement other = undone.createStatement()) {
            slow.setAutoCommit(false);
            statement.execute(FAIL.formatted("early"));
            undone.setAutoCommit(false);
            other.execute(FAIL.formatted("never"));
            undone.rollback();
            undone.setAutoCommit(true);
            fail("late");
            assertThat(next().state().migration()).isEqualTo("late");
            assertThat(claim()).isEmpty();
            slow.commit();
            slow.setAutoCommit(true);
        }
        assertThat(next().state().migration()).isEqualTo("early");
        assertThat(claim()).isEmpty();
    }

    @Test
    void asksOnceWhileNothingIsDue() {
        queue("a");
        database.execute("UPDATE batched_background_migrations SET status = 0");
        outbox.attend();
        StatementLog log = new StatementLog(database);
        Outbox other = new Outbox(log, new Subscriber("r1", "receiver", Set.of(MessageEvent.PROGRESS)));
        other.attend();
        int begun = log.statements().size();
        other.attend();
        other.attend();
        assertThat(log.statements()).hasSize(begun + 2);
    }

    @Test
    void oneReplicaSendsUntilItsLeaseIsOver() {
        queue("a");
        Outbox second = outbox("r2", Set.of(MessageEvent.FAILED));
        outbox.attend();
        second.attend();
        fail("a");

        Delivery first = claim().orElseThrow();
        assertThat(second.attend()).isFalse();
        assertThat(second.claim(message -> {})).isEmpty();

        letTimePass();
        Delivery again = second.claim(message -> {}).orElseThrow();
        assertThat(again.message()).isEqualTo(first.message());
        assertThat(again.attempt()).isEqualTo(2);
        // The first one wakes up, and may say nothing about a message that it does not have any more.
        outbox.failed(first, "late", Duration.ofHours(1), Duration.ZERO);
        assertThat(database.text("SELECT sender || ' ' || failures FROM batched_background_migration_webhook"))
                .isEqualTo("r2 0");
        second.delivered(again);
        assertThat(database.column(WAITING)).isEmpty();
    }

    @Test
    void aMessageThatWasHandedBackIsDueAtOnceAndWasNotTried() {
        queue("a");
        outbox.attend();
        fail("a");
        outbox.handBack(claim().orElseThrow());
        assertThat(claim().orElseThrow().attempt()).isEqualTo(1);
    }

    @Test
    void leavesTheReceiverAloneAfterFailures() {
        queue("a");
        queue("b");
        outbox.attend();
        fail("a");
        fail("b");
        Delivery first = claim().orElseThrow();
        outbox.failed(first, "it answered 503", Duration.ofMinutes(5), Duration.ofSeconds(90));
        assertThat(claim()).isEmpty();
        assertThat(database.number("""
                SELECT round(extract(epoch FROM rests_until - clock_timestamp()) / 10)
                FROM batched_background_migration_webhook
                """)).isEqualTo(9);
        assertThat(database.number("""
                SELECT round(extract(epoch FROM due_at - clock_timestamp()) / 100)
                FROM batched_background_migration_messages
                WHERE last_failure = 'it answered 503'
                """)).isEqualTo(3);

        database.execute("UPDATE batched_background_migration_webhook SET rests_until = now()");
        assertThat(next().state().migration())
                .as("what one message meets keeps no other back")
                .isEqualTo("b");
        assertThat(claim()).as("not due yet").isEmpty();
        letTimePass();
        assertThat(claim().orElseThrow().message()).isEqualTo(first.message());
    }

    @ParameterizedTest
    @CsvSource({"attempts = 19, true", "'at = at - interval ''25 hours''', false"})
    void givesUpWhatWasTriedOftenOrLongEnough(String before, boolean once) {
        queue("a");
        outbox.attend();
        fail("a");
        database.execute("UPDATE batched_background_migration_messages SET " + before);
        if (once) {
            outbox.failed(claim().orElseThrow(), "it answered 500", Duration.ofHours(1), Duration.ZERO);
        }
        letTimePass();
        assertThat(claim()).isEmpty();
        assertThat(givenUp).containsExactly("failed");
        assertThat(database.column(WAITING)).isEmpty();
        assertThat(database.column("""
                SELECT event || ': ' || reason FROM batched_background_migration_events WHERE event LIKE 'webhook%'
                """))
                .containsExactly(
                        "webhook_given_up: the message 'failed' was not delivered" + (once ? "; it answered 500" : ""));
    }

    @Test
    void noStatusAndNoRowWaitsForAMessageThatCannotBeWritten() throws SQLException {
        long id = queue("a");
        outbox.attend();
        try (Connection other = database.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE batched_background_migration_messages");
            database.execute("SET LOCAL lock_timeout = '5s';" + FAIL.formatted("a"));
            database.execute("SET LOCAL lock_timeout = '5s';" + QUARANTINE.formatted(id, 1));
            other.rollback();
            other.setAutoCommit(true);
        }
        database.execute(
                "ALTER TABLE batched_background_migration_messages ADD CONSTRAINT none CHECK (false) NOT VALID");
        try {
            fixture.setStatus("a", MigrationStatus.FINISHED);
            database.execute(QUARANTINE.formatted(id, 2));
        } finally {
            database.execute("ALTER TABLE batched_background_migration_messages DROP CONSTRAINT none");
        }
        assertThat(fixture.status("a")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_quarantined_rows"))
                .isEqualTo(2);
        assertThat(database.column(WAITING)).isEmpty();
    }

    @Test
    void leavesWhatALaterReleaseTellsToItsReplicas() {
        queue("a");
        outbox.attend();
        database.execute("""
                INSERT INTO batched_background_migration_messages (event, batched_background_migration_id, name, table_name)
                SELECT 'approved', id, name, table_name FROM batched_background_migrations
                """);
        assertThat(outbox.attend()).isFalse();
        fail("a");
        assertThat(next().event()).isEqualTo(MessageEvent.FAILED);
        assertThat(claim()).isEmpty();
        assertThat(database.column(WAITING)).containsExactly("approved");

        database.execute("UPDATE batched_background_migration_messages SET at = at - interval '25 hours'");
        fixture.setStatus("a", MigrationStatus.ACTIVE);
        fail("a");
        assertThat(next().event()).isEqualTo(MessageEvent.FAILED);
        assertThat(database.column(WAITING)).isEmpty();
        assertThat(givenUp).isEmpty();
    }

    @Test
    void isOffOnceTheReceiverIsGoneUntilAReplicaStarts() {
        queue("a");
        queue("b");
        outbox.attend();
        fail("a");
        outbox.gone(claim().orElseThrow(), "it answered 410");
        fail("b");
        assertThat(database.column(WAITING)).isEmpty();
        assertThat(outbox.attend()).isFalse();
        assertThat(events()).contains("webhook_gone");
        assertThat(database.text("SELECT gone || (listens_until < now()) FROM batched_background_migration_webhook"))
                .isEqualTo("receivertrue");

        outbox("r2", Set.of(MessageEvent.FAILED)).attend();
        fixture.setStatus("b", MigrationStatus.ACTIVE);
        fail("b");
        assertThat(claim()).isPresent();
    }

    @Test
    void tellsOnceOfRowsThatAreQuarantinedOneAfterTheOther() {
        long id = queue("a");
        outbox.attend();
        database.execute(QUARANTINE.formatted(id, 1));
        database.execute(QUARANTINE.formatted(id, 2));
        assertThat(database.column(WAITING)).containsExactly("quarantined");
        assertThat(claim()).as("it waits for more rows").isEmpty();
        // Two workers at the same moment see nothing of each other.
        database.execute("""
                INSERT INTO batched_background_migration_messages (event, batched_background_migration_id, name, table_name)
                SELECT event, batched_background_migration_id, name, table_name FROM batched_background_migration_messages
                """);
        letTimePass();
        Message.State state = next().state();
        assertThat(state.sentence())
                .isEqualTo(
                        "2 rows could not be changed and wait in quarantine; the batched migration goes on without them");
        assertThat(state.command()).isEqualTo("registry background-migrate quarantine --migration a");
        assertThat(state.quarantinedRows()).isEqualTo(2);
        assertThat(claim()).isEmpty();

        database.execute(QUARANTINE.formatted(id, 3));
        assertThat(database.column(WAITING)).isEmpty();
        database.execute("""
                UPDATE batched_background_migration_quarantined_rows SET quarantined_at = now() - interval '11 minutes'
                """);
        database.execute(QUARANTINE.formatted(id, 4));
        assertThat(database.column(WAITING)).containsExactly("quarantined");
    }

    @Test
    void doesNotTellThatItIsFinishedIfItIsNot() {
        queue("a");
        assertThat(fixture.engine(Map.of()).planner().plan().due()).isNotEmpty();
        outbox.attend();
        fixture.setStatus("a", MigrationStatus.FINISHED);
        assertThat(database.column(WAITING)).containsExactly("finished");
        assertThat(claim()).isEmpty();
        assertThat(database.column(WAITING)).isEmpty();

        fixture.setStatus("a", MigrationStatus.ACTIVE);
        fixture.drain(Map.of());
        Message told = next();
        assertThat(told.event()).isEqualTo(MessageEvent.FINISHED);
        assertThat(told.state().reason()).isEqualTo("unverified");
        assertThat(told.state().percent()).isEqualTo(100);
        assertThat(told.state().migratedTupleCount()).isEqualTo(1_000);
    }

    @Test
    void tellsEachMarkOnceAndOfAStandstillOnceUntilItMoves() {
        long id = queue("a");
        assertThat(fixture.engine(Map.of()).planner().plan().due()).isNotEmpty();
        database.execute("""
                UPDATE batched_background_migrations SET status = 4, total_tuple_count = 1000;
                UPDATE batched_background_migration_jobs SET status = 1, lease_owner = 'r1', lease_token = 1,
                    lease_until = now() + interval '1 hour', covered_tuple_count = 255
                """);
        assertThat(outbox.attend()).isTrue();
        Message half = next();
        assertThat(half.event()).isEqualTo(MessageEvent.PROGRESS);
        assertThat(half.state().sentence()).isEqualTo("50 % is done; running on r1");
        assertThat(half.state().percent()).isEqualTo(51);
        assertThat(outbox.attend()).as("once a minute").isFalse();
        letTimePass();
        assertThat(outbox.attend()).isFalse();

        standStill(id, 500);
        letTimePass();
        assertThat(outbox.attend()).isTrue();
        Message stalled = next();
        assertThat(stalled.event()).isEqualTo(MessageEvent.STALLED);
        assertThat(stalled.state().reason()).isEqualTo("stalled");
        assertThat(stalled.state().command()).isEqualTo("registry background-migrate jobs a");
        letTimePass();
        assertThat(outbox.attend()).isFalse();

        database.execute("UPDATE batched_background_migration_samples SET covered_tuple_count = 501 WHERE slot = 1091");
        letTimePass();
        assertThat(outbox.attend()).isFalse();
        database.execute("UPDATE batched_background_migration_samples SET covered_tuple_count = 500");
        letTimePass();
        assertThat(outbox.attend()).isTrue();
        assertThat(next().event()).isEqualTo(MessageEvent.STALLED);
    }

    private void standStill(long id, long covered) {
        database.execute("""
                INSERT INTO batched_background_migration_samples
                    (batched_background_migration_id, slot, at, covered_tuple_count, migrated_tuple_count)
                SELECT %d, 1000 + n, to_timestamp(10000 + 10 * n), %d, 500 FROM generate_series(1, 91) AS n
                """.formatted(id, covered));
    }

    @Test
    void oneThatCannotBeReadKeepsNoMessageBack() {
        queue("a");
        long sick = queue("sick");
        outbox.attend();
        fail("sick");
        // A status that no program knows.
        database.execute("""
                ALTER TABLE batched_background_migrations DROP CONSTRAINT check_batched_background_migrations_status;
                UPDATE batched_background_migrations SET status = 9 WHERE id = %d
                """.formatted(sick));
        try {
            fail("a");
            assertThat(next().state().sentence()).isEqualTo("missing_index: an index is missing");
            assertThat(next().state().migration()).isEqualTo("a");
        } finally {
            database.execute("""
                    UPDATE batched_background_migrations SET status = 0 WHERE id = %d;
                    ALTER TABLE batched_background_migrations
                        ADD CONSTRAINT check_batched_background_migrations_status CHECK (status BETWEEN 0 AND 4) NOT VALID
                    """.formatted(sick));
        }
    }

    @Test
    void noMoreThanAThousandWait() {
        queue("a");
        outbox.attend();
        database.execute("""
                INSERT INTO batched_background_migration_messages (event, batched_background_migration_id, name, table_name)
                SELECT 'failed', n, 'm' || n, 't' FROM generate_series(1, 1000) AS n
                """);
        fail("a");
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_messages"))
                .isEqualTo(1_000);
        assertThat(next().state().sentence()).as("of one that was deleted").isEqualTo("failed; no reason was recorded");
    }
}
