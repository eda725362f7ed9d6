package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 1: a worker that froze and wakes up after its batch was taken over changes nothing more. */
@ExtendWith(PostgresExtension.class)
class FencingTest {
    private static final EngineSettings SHORT_LEASES = EngineFixture.SETTINGS.toBuilder()
            .idleInTransactionTimeout(Duration.ofSeconds(30))
            .lease(Duration.ofSeconds(1))
            .missingCode(Duration.ZERO)
            .build();

    private final EngineFixture fixture;
    private final TestDatabase database;

    FencingTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 5_000).queueItems("fenced", ItemsWork.ADD_ONE, 5_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 5000");
    }

    @Test
    void aWorkerFrozenBetweenSubBatchesChangesNothingAfterATakeover() {
        long job = fixture.firstDue();
        Worker.Gate gate = new Worker.Gate();
        StopSignal frozenAfterOne = () -> {
            if (changed() > 0) {
                gate.pass();
            }
            return false;
        };
        Worker<BatchOutcome> frozen = Worker.start(
                () -> fixture.engine(EngineFixture.SETTINGS).runner().run(job, frozenAfterOne));
        gate.awaitReached();
        long before = changed();
        fixture.expireLeases();

        BatchOutcome taken = fixture.engine(EngineFixture.SETTINGS).runner().run(job, StopSignal.NEVER);
        gate.open();

        assertThat(before).isBetween(1L, 4_999L);
        assertThat(taken).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(frozen.result()).isInstanceOf(BatchOutcome.Lost.class);
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("fenced", "takeover_count")).containsExactly("1");
    }

    @Test
    void goesOnAtTheCursorAfterATakeover() {
        database.execute("UPDATE batched_background_migrations SET job_signature_name = 'rest'");
        BatchedMigrations begins = fixture.engine(Map.of("rest", ItemsWork::addOne));
        long job = begins.planner().plan().due().get(0);
        BatchOutcome first = begins.runner().run(job, () -> changed() > 0);
        assertThat(first).isInstanceOf(BatchOutcome.HandedBack.class);
        long cursor = database.number("SELECT last_key ->> 0 FROM batched_background_migration_jobs");
        database.execute("UPDATE t.items SET v = 1 WHERE id > " + cursor);

        WorkFunction onlyTheRest = context -> {
            assertThat(ItemsWork.firstKey(context)).isGreaterThan(cursor);
            return context.update("n = v");
        };
        fixture.engine(Map.of("rest", onlyTheRest)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(fixture.status("fenced")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aWorkerFrozenInsideASubBatchIsNotTakenOverWhileItsTransactionLives() {
        database.execute("UPDATE batched_background_migrations SET job_signature_name = 'slow'");
        Worker.Gate gate = new Worker.Gate();
        WorkFunction slow = context -> {
            long changed = ItemsWork.addOne(context);
            gate.pass();
            return changed;
        };
        BatchedMigrations engine = fixture.engine(SHORT_LEASES, Map.of("slow", slow));
        long job = engine.planner().plan().due().get(0);
        Worker<BatchOutcome> frozen = Worker.start(() -> engine.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();
        awaitExpiredLease();

        BatchOutcome refused = engine.runner().run(job, StopSignal.NEVER);
        gate.open();

        assertThat(refused).isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.LEASED));
        assertThat(frozen.result()).isInstanceOf(BatchOutcome.Finished.class);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aWorkerFrozenInsideASubBatchIsRolledBackAndTakenOverOnceItsConnectionIsGone() {
        database.execute("UPDATE batched_background_migrations SET job_signature_name = 'slow'");
        Worker.Gate gate = new Worker.Gate();
        WorkFunction slow = context -> {
            long changed = ItemsWork.addOne(context);
            gate.pass();
            return changed;
        };
        BatchedMigrations engine = fixture.engine(SHORT_LEASES, Map.of("slow", slow));
        long job = engine.planner().plan().due().get(0);
        Worker<BatchOutcome> frozen = Worker.start(() -> engine.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();
        awaitExpiredLease();
        database.column("""
                SELECT pg_terminate_backend(pid, 5000)
                FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'idle in transaction'
                """);

        BatchOutcome taken = engine.runner().run(job, StopSignal.NEVER);
        gate.open();

        assertThat(taken).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(frozen.result()).isInstanceOf(BatchOutcome.Lost.class);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aDoubledAlarmRunsABatchOnce() {
        long job = fixture.firstDue();
        BatchedMigrations engine = fixture.engine(EngineFixture.SETTINGS);

        assertThat(engine.runner().run(job, StopSignal.NEVER)).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(engine.runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.NOT_DUE));
        assertThat(engine.runner().run(job + 1_000_000, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job + 1_000_000, BatchOutcome.Reason.GONE));
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aSecondWorkerIsRefusedWhileTheLeaseLives() {
        long job = fixture.firstDue();
        Worker.Gate gate = new Worker.Gate();
        StopSignal frozen = () -> {
            gate.pass();
            return false;
        };
        Worker<BatchOutcome> first = Worker.start(
                () -> fixture.engine(EngineFixture.SETTINGS).runner().run(job, frozen));
        gate.awaitReached();

        BatchOutcome second = fixture.engine(EngineFixture.SETTINGS).runner().run(job, StopSignal.NEVER);
        gate.open();

        assertThat(second).isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.LEASED));
        assertThat(first.result()).isInstanceOf(BatchOutcome.Finished.class);
        fixture.assertEachItemChangedOnce();
    }

    private void awaitExpiredLease() {
        Awaitility.await()
                .atMost(20, TimeUnit.SECONDS)
                .until(() -> database.text(
                                "SELECT lease_until < clock_timestamp() FROM batched_background_migration_jobs")
                        .equals("t"));
    }

    private long changed() {
        return database.number("SELECT count(*) FROM t.items WHERE n > 0");
    }
}
