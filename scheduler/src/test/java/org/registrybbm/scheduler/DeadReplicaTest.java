package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A batch job falls to a fleet of idle replicas: all of them see it at once, and one goes to Quartz for it. */
@ExtendWith(PostgresExtension.class)
class DeadReplicaTest {
    private static final int REPLICAS = 12;
    private static final long SESSION = 4711;

    private final TestDatabase database;
    private final CountingPool pool;
    private final Fleet fleet;

    DeadReplicaTest(TestDatabase database) {
        this.database = database;
        this.pool = new CountingPool(database);
        this.fleet = new Fleet(database);
    }

    @BeforeEach
    void countStoredTriggers() {
        database.execute("""
                DROP TABLE IF EXISTS stored_triggers;
                CREATE TABLE stored_triggers (name text);
                CREATE OR REPLACE FUNCTION count_stored_triggers() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO stored_triggers VALUES (new.trigger_name); RETURN NULL; END $$;
                CREATE OR REPLACE TRIGGER count_stored_triggers AFTER INSERT ON qrtz_triggers
                FOR EACH ROW EXECUTE FUNCTION count_stored_triggers()
                """);
    }

    @AfterEach
    void stop() throws Exception {
        fleet.close();
        pool.close();
    }

    @Test
    void oneOfManyIdleReplicasGoesToQuartzForTheBatchJobOfADeadOne() throws Exception {
        // It lasts longer than it takes each of them to look.
        Ledger ledger = Ledger.create(database, "orphan", 1000).queue(2000, "{\"msPerRow\": 3}");
        long orphan = plan(ledger);
        leaveTrigger(orphan);
        try (Connection presence = DriverManager.getConnection(database.url());
                Statement statement = presence.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(" + SESSION + ")");
            hold(orphan);
            startAll();
        }
        long stored = stored();
        long locks = pool.quartzLocks();
        database.execute("NOTIFY registry_bbm");

        ledger.awaitFinishedExactly(Duration.ofSeconds(60));

        assertThat(ledger.jobs("j.takeover_count")).containsExactly("1");
        System.out.printf(
                "%d replicas: %d triggers stored, Quartz's locks taken %d times%n",
                REPLICAS, stored() - stored, pool.quartzLocks() - locks);
        // One; each further one stands for 3 s in which a slow machine has not begun the batch job.
        assertThat(stored() - stored).as("triggers stored").isBetween(1L, 3L);
        // To store it, to fire it and to remove it, and some of the fleet looked for triggers meanwhile.
        assertThat(pool.quartzLocks() - locks).as("takes of Quartz's locks").isLessThanOrEqualTo(20);
    }

    @Test
    void whatWasTakenByAReplicaThatDiedBeforeItBeganIsTakenByAnotherOne() throws Exception {
        Ledger ledger = Ledger.create(database, "promised", 10).queue(20, "{}");
        long promised = plan(ledger);
        leaveTrigger(promised);
        String taken = database.text("UPDATE batched_background_migration_jobs SET offered_at = clock_timestamp()"
                + " RETURNING offered_at");
        startAll();

        ledger.awaitFinishedExactly(Duration.ofSeconds(60));

        assertThat(ledger.jobs("j.started_at >= '" + taken + "'::timestamptz + interval '3 s'"))
                .containsExactly("t");
    }

    @Test
    void whatAReplicaTookAndMayNotBeginIsLeftToTheOthers() throws Exception {
        Ledger ledger = Ledger.create(database, "refused", 10).queue(20, "{}");
        long refused = plan(ledger);
        database.execute("UPDATE batched_background_migration_jobs SET offered_at = clock_timestamp()");
        Replica ignorant = fleet.replica("ignorant").with(WorkRegistry.shipped());

        Triggers triggers = new Triggers(fleet.start(ignorant).quartz());
        triggers.ensureStanding();
        triggers.store(refused);

        await().until(() -> ledger.jobs("j.offered_at").equals(List.of("null")));
        assertThat(ledger.jobs("j.attempts")).containsOnly("0");
    }

    private long plan(Ledger ledger) {
        fleet.replica("dead").engine().planner().plan();
        return Long.parseLong(ledger.jobs("j.id").get(0));
    }

    /** As Quartz leaves the trigger of a firing whose replica died. */
    private void leaveTrigger(long batchJob) throws Exception {
        Triggers triggers = new Triggers(fleet.build(fleet.replica("dead")).quartz());
        triggers.ensureStanding();
        triggers.store(batchJob);
        database.execute("UPDATE qrtz_triggers SET trigger_state = 'COMPLETE'");
    }

    private void hold(long batchJob) {
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = nextval('batched_background_migration_lease_tokens'),
                    lease_owner = 'dead',
                    lease_until = clock_timestamp() + interval '1 hour',
                    lease_session = %d,
                    attempts = 1
                WHERE id = %d
                """.formatted(SESSION, batchJob));
    }

    private void startAll() throws Exception {
        List<BatchedMigrationScheduler> idle = new ArrayList<>();
        for (int i = 1; i <= REPLICAS; i++) {
            idle.add(fleet.start(Replica.of("idle-" + i, pool)));
        }
        await().atMost(Duration.ofSeconds(60))
                .until(() -> idle.stream().allMatch(BatchedMigrationScheduler::isCheckedIn));
    }

    private long stored() {
        return database.number("SELECT count(*) FROM stored_triggers");
    }
}
