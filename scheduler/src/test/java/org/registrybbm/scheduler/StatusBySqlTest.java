package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The operators' statements in psql: each is obeyed within 2 s, and nothing but an operator undoes it. */
@ExtendWith(PostgresExtension.class)
class StatusBySqlTest {
    private static final Duration OBEYED_WITHIN = Duration.ofSeconds(2);

    private final TestDatabase database;
    private final Fleet fleet;

    StatusBySqlTest(TestDatabase database) throws Exception {
        this.database = database;
        this.fleet = new Fleet(database);
        fleet.start("one");
        fleet.start("two");
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void startsAnIdleSystemWithin2Seconds() {
        Ledger ledger = Ledger.create(database, "idle", 1000).queue(0, 100, "{\"msPerRow\": 1}");
        awaitIdleTurns();
        assertThat(ledger.changes()).isZero();

        ledger.setStatus(1);

        awaitChange(ledger);
        ledger.awaitFinishedExactly(Duration.ofSeconds(30));
    }

    @Test
    void pausesOneOfTwoWithin2SecondsAndStartsItAgain() {
        Ledger paused = Ledger.create(database, "paused", 4000).queue(200, "{\"msPerRow\": 2}");
        Ledger other = Ledger.create(database, "other", 2000).queue(200, "{\"msPerRow\": 2}");
        await().atMost(Ledger.PATIENCE).until(() -> paused.changes() > 0);

        paused.setStatus(0);
        awaitStandstill(paused);

        // The other one goes on and ends; meanwhile nothing of the paused one changes.
        long at = paused.changes();
        other.awaitFinishedExactly(Ledger.PATIENCE);
        assertThat(paused.changes()).isEqualTo(at).isLessThan(4000);
        assertThat(paused.status()).isZero();
        paused.assertChangesMatchCursors();
        assertThat(paused.jobs("coalesce(j.lease_until::text, 'free')")).containsOnly("free");
        assertThat(paused.jobs("j.attempts")).isSubsetOf("0", "1");

        paused.setStatus(1);
        awaitChange(paused);
        paused.awaitFinishedExactly(Ledger.PATIENCE);
        assertThat(paused.jobs("j.takeover_count")).containsOnly("0");
    }

    @Test
    void pausesAllAndStartsAll() {
        List<Ledger> ledgers = List.of(
                Ledger.create(database, "all_a", 1500).queue(100, "{\"msPerRow\": 1}"),
                Ledger.create(database, "all_b", 1500).queue(100, "{\"msPerRow\": 1}"),
                Ledger.create(database, "all_c", 1500).queue(100, "{\"msPerRow\": 1}"));
        await().atMost(Ledger.PATIENCE).until(() -> ledgers.get(0).changes() > 0);

        database.execute("UPDATE batched_background_migrations SET status = 0 WHERE status IN (1, 4)");
        awaitStandstill(ledgers.toArray(Ledger[]::new));
        awaitIdleTurns();
        assertThat(ledgers).extracting(Ledger::status).doesNotContain(1L, 3L, 4L);

        database.execute("UPDATE batched_background_migrations SET status = 1 WHERE status = 0");
        ledgers.forEach(ledger -> ledger.awaitFinishedExactly(Ledger.PATIENCE));
    }

    @Test
    void pauseAndStartInQuickSuccessionLoseNothing() {
        Ledger ledger = Ledger.create(database, "flicker", 2000).queue(100, "{\"msPerRow\": 1}");

        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(70))
                .until(() -> {
                    database.execute(
                            "UPDATE batched_background_migrations SET status = 0 WHERE name = 'flicker' AND status <> 2");
                    database.execute(
                            "UPDATE batched_background_migrations SET status = 1 WHERE name = 'flicker' AND status = 0");
                    return ledger.changes() >= 1000;
                });

        ledger.awaitFinishedExactly(Ledger.PATIENCE);
    }

    @Test
    void aPauseWhileAnOpenTransactionHoldsTheRowIsNotUndone() throws Exception {
        Ledger ledger = Ledger.create(database, "held", 1000).queue(100, "{\"msPerRow\": 2}");
        ledger.awaitChangesBy(awaitAnyone(ledger));
        // An operator who has typed BEGIN; UPDATE and looks at the result for a while before the COMMIT.
        try (var connection = database.getConnection();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("UPDATE batched_background_migrations SET status = 0 WHERE name = 'held'");
            awaitIdleTurns();
            connection.commit();
        }
        awaitStandstill(ledger);
        awaitIdleTurns();

        assertThat(ledger.status()).isZero();
        ledger.assertChangesMatchCursors();
        ledger.setStatus(1);
        ledger.awaitFinishedExactly(Ledger.PATIENCE);
    }

    private static String awaitAnyone(Ledger ledger) {
        await().atMost(Duration.ofSeconds(20)).until(() -> !ledger.replicas().isEmpty());
        return ledger.replicas().get(0);
    }

    /** Waits for an increase that was not there when the call was made. */
    private static void awaitChange(Ledger ledger) {
        long before = ledger.changes();
        await().atMost(OBEYED_WITHIN).pollInterval(Duration.ofMillis(50)).until(() -> ledger.changes() > before);
    }

    /** Checks that nothing is changed from 2 s on, by the database's clock. */
    private void awaitStandstill(Ledger... ledgers) {
        String deadline = database.text("SELECT clock_timestamp() + interval '2 s'");
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.text("SELECT clock_timestamp() > ?::timestamptz + interval '500 ms'", deadline)
                        .equals("t"));
        for (Ledger ledger : ledgers) {
            assertThat(database.number(
                            "SELECT count(*) FROM public." + ledger.name() + "_book WHERE at > ?::timestamptz",
                            deadline))
                    .as("changes of " + ledger.name() + " more than 2 s after it was paused")
                    .isZero();
        }
    }

    /** Waits, by the database's clock, until each replica's coordinator looked some times. */
    private void awaitIdleTurns() {
        String until = database.text("SELECT clock_timestamp() + interval '3 s'");
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.text("SELECT clock_timestamp() > ?::timestamptz", until)
                        .equals("t"));
    }
}
