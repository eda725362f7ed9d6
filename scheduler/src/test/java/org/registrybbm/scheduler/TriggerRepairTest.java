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

/** Quartz loses or jams triggers; the tables are the truth, so they come back. */
@ExtendWith(PostgresExtension.class)
class TriggerRepairTest {
    private final TestDatabase database;
    private final Fleet fleet;

    TriggerRepairTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void batchTriggersInEveryStateThatQuartzForgetsAreReplaced() throws Exception {
        Ledger ledger = Ledger.create(database, "jammed", 600).queue(100, "{}");
        Replica replica = fleet.limits(6, 6).replica("one");
        BatchedMigrationScheduler scheduler = fleet.build(replica);
        replica.engine().planner().plan();
        List<Long> due = ledger.jobs("j.id").stream().map(Long::valueOf).toList();
        assertThat(due).hasSize(6);
        Triggers triggers = new Triggers(scheduler.quartz());
        triggers.ensureStanding();
        List<String> states = List.of("ERROR", "BLOCKED", "ACQUIRED", "COMPLETE", "PAUSED", "DELETED");
        for (int i = 0; i < due.size(); i++) {
            triggers.store(due.get(i));
            setState(Long.toString(due.get(i)), states.get(i));
        }
        assertThat(
                        database.column(
                                "SELECT trigger_state FROM qrtz_triggers WHERE trigger_group = 'bbm-batches' ORDER BY trigger_name::int"))
                .containsExactlyElementsOf(states.subList(0, 5));

        scheduler.start();

        ledger.awaitFinishedExactly(Duration.ofSeconds(30));
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertNothingLeftInQuartz(database));
    }

    @Test
    void triggersDeletedOverAndOverAreStoredAgain() throws Exception {
        Ledger ledger = Ledger.create(database, "deleted", 1000).queue(100, "{\"msPerRow\": 2}");
        fleet.start("one");
        fleet.start("two");

        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    database.execute("""
                    SELECT lock_name FROM qrtz_locks WHERE lock_name = 'TRIGGER_ACCESS' FOR UPDATE;
                    DELETE FROM qrtz_simple_triggers WHERE trigger_group = 'bbm-batches';
                    DELETE FROM qrtz_triggers WHERE trigger_group = 'bbm-batches'
                    """);
                    return ledger.status() == 2;
                });

        ledger.assertExact();
    }

    @Test
    void jobDetailsDeletedMidRunAreStoredAgain() throws Exception {
        Ledger ledger = Ledger.create(database, "wiped", 1000).queue(100, "{\"msPerRow\": 2}");
        fleet.start("one");
        ledger.awaitChangesBy("one");

        database.execute("""
                SELECT lock_name FROM qrtz_locks WHERE lock_name = 'TRIGGER_ACCESS' FOR UPDATE;
                DELETE FROM qrtz_simple_triggers;
                DELETE FROM qrtz_triggers;
                DELETE FROM qrtz_job_details
                """);

        ledger.awaitFinishedExactly(Duration.ofSeconds(40));
    }

    /** Checks that no firing and no batch trigger is left when everything is finished. */
    static void assertNothingLeftInQuartz(TestDatabase database) {
        assertThat(database.column("SELECT trigger_name FROM qrtz_triggers"))
                .as("triggers of batch jobs")
                .isEmpty();
        assertThat(database.column("""
                SELECT trigger_name || ' ' || state FROM qrtz_fired_triggers
                """)).as("fired triggers").isEmpty();
    }

    // Quartz's own lock comes first: a trigger that it stores between two of the statements would fail the second one.
    private void setState(String trigger, String state) {
        String sql = state.equals("DELETED")
                ? """
                SELECT lock_name FROM qrtz_locks WHERE lock_name = 'TRIGGER_ACCESS' FOR UPDATE;
                DELETE FROM qrtz_simple_triggers WHERE trigger_name = '%1$s';
                DELETE FROM qrtz_triggers WHERE trigger_name = '%1$s'
                """
                : "UPDATE qrtz_triggers SET trigger_state = '%2$s' WHERE trigger_name = '%1$s'";
        database.execute(sql.formatted(trigger, state));
    }
}
