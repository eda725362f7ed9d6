package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.TriggerBuilder;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Quartz fires a batch job too often, too late, or after it is gone; nothing is changed by that. */
@ExtendWith(PostgresExtension.class)
class FiringTest {
    private final TestDatabase database;
    private final Fleet fleet;

    FiringTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void aBatchJobFiredManyTimesAtOnceOnTwoReplicasIsRunOnce() throws Exception {
        Ledger ledger = Ledger.create(database, "doubled", 100).queue(100, "{}");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch doubled = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        AddOne.Hook held = context -> {
            runs.incrementAndGet();
            inside.countDown();
            pass(doubled);
        };
        Scheduler one =
                fleet.start(fleet.replica("one").withWorkers(3).with(held)).quartz();
        Scheduler two =
                fleet.start(fleet.replica("two").withWorkers(3).with(held)).quartz();
        pass(inside);

        String id = ledger.jobs("j.id").get(0);
        for (int i = 0; i < 6; i++) {
            fire(i % 2 == 0 ? one : two, "double-" + i, id);
        }
        awaitFired("double-");
        doubled.countDown();

        ledger.awaitFinishedExactly(Duration.ofSeconds(20));
        assertThat(runs).hasValue(1);
        assertThat(ledger.jobs("j.takeover_count")).containsOnly("0");
    }

    @Test
    void lateFiringsOfFinishedFailedAndDeletedBatchJobsChangeNothing() throws Exception {
        Ledger done = Ledger.create(database, "done", 200).queue(100, "{}");
        Scheduler quartz = fleet.start("one").quartz();
        done.awaitFinishedExactly(Duration.ofSeconds(20));
        Ledger failed = Ledger.create(database, "failed", 100).queue(3, 100, "{}");
        cut(failed, 3);
        Ledger paused = Ledger.create(database, "paused", 100).queue(0, 100, "{}");
        cut(paused, 1);
        String before = tables();

        for (String id : done.jobs("j.id")) {
            fire(quartz, "late-" + id, id);
        }
        fire(quartz, "late-failed", failed.jobs("j.id").get(0));
        fire(quartz, "late-paused", paused.jobs("j.id").get(0));
        fire(quartz, "late-deleted", "987654321");
        fire(quartz, "late-nonsense", "x; DROP TABLE batched_background_migrations");
        awaitFired("late-");

        assertThat(tables()).isEqualTo(before);
        assertThat(failed.changes() + paused.changes()).isZero();
        done.assertExact();
    }

    @Test
    void aFiringRecoveredFromADeadReplicaChangesNothingWhenTheBatchJobIsFinished() throws Exception {
        Ledger ledger = Ledger.create(database, "recovered", 200).queue(100, "{}");
        fleet.start("one");
        ledger.awaitFinishedExactly(Duration.ofSeconds(20));
        fleet.close();
        String before = tables();
        // A replica that died an hour ago while it ran the two batch jobs; one of their triggers is gone since.
        database.execute("""
                INSERT INTO qrtz_scheduler_state (sched_name, instance_name, last_checkin_time, checkin_interval)
                VALUES ('bbm', 'ghost', 1, 1000);
                INSERT INTO qrtz_fired_triggers
                    (sched_name, entry_id, trigger_name, trigger_group, instance_name, fired_time, sched_time, priority,
                     state, job_name, job_group, is_nonconcurrent, requests_recovery)
                SELECT 'bbm', 'ghost' || id, id, 'bbm-batches', 'ghost', 1, 1, 5, 'EXECUTING', 'batch', 'bbm', false, true
                FROM batched_background_migration_jobs
                """);

        fleet.start("two");

        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.number("SELECT count(*) FROM qrtz_scheduler_state WHERE instance_name = 'ghost'")
                        == 0);
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> TriggerRepairTest.assertNothingLeftInQuartz(database));
        assertThat(tables()).isEqualTo(before);
        ledger.assertExact();
    }

    private void cut(Ledger ledger, int status) {
        database.execute("""
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status, attempts)
                SELECT id, 1, 100, %d, 0 FROM batched_background_migrations WHERE name = '%s'
                """.formatted(status, ledger.name()));
    }

    /** Everything in the engine's tables. */
    private String tables() {
        return database.text("SELECT string_agg(m::text, ' ' ORDER BY id) FROM batched_background_migrations m")
                + database.text("SELECT string_agg(j::text, ' ' ORDER BY id) FROM batched_background_migration_jobs j");
    }

    private static void fire(Scheduler quartz, String name, String id) throws SchedulerException {
        quartz.scheduleJob(TriggerBuilder.newTrigger()
                .withIdentity(name, Triggers.BATCH_GROUP)
                .forJob(Triggers.BATCH_JOB)
                .usingJobData(Triggers.BATCH_JOB_ID, id)
                .build());
    }

    /** Waits until firings with such names are over. */
    private void awaitFired(String prefix) {
        await().atMost(Duration.ofSeconds(20))
                .until(() ->
                        database.number("SELECT count(*) FROM qrtz_triggers WHERE starts_with(trigger_name, ?)", prefix)
                                == 0);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> database.number(
                                "SELECT count(*) FROM qrtz_fired_triggers WHERE starts_with(trigger_name, ?)", prefix)
                        == 0);
    }

    private static void pass(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
