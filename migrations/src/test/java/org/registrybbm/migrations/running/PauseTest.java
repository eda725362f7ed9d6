package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 3: anyone may write the status in SQL, and nothing overwrites it. */
@ExtendWith(PostgresExtension.class)
class PauseTest {
    private static final String PAUSE = "UPDATE batched_background_migrations SET status = 0";
    private static final String START = "UPDATE batched_background_migrations SET status = 1";

    private final EngineFixture fixture;
    private final TestDatabase database;

    PauseTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 4_000).queueItems("m", "pausing", 4_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 4000");
    }

    @Test
    void aPauseInsideASubBatchIsObeyedAtTheNextOne() {
        BatchedMigrations engine = fixture.engine(Map.of("pausing", pausingAtFirst()));

        RunResult result = engine.runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.unfinished()).hasSize(1);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(fixture.jobs("m", "j.status || ' ' || attempts || ' ' || (lease_until IS NULL)"))
                .containsExactly("1 0 true");
        assertThat(database.number("SELECT sum(n) FROM t.items"))
                .isEqualTo(database.number("SELECT sum(migrated_tuple_count) FROM batched_background_migration_jobs"))
                .isBetween(1L, 3_999L);
    }

    @Test
    void aPausedMigrationGoesOnWhereItStoodOnceItIsStarted() {
        BatchedMigrations engine = fixture.engine(Map.of("pausing", pausingAtFirst()));
        engine.runToEnd(List.of(), StopSignal.NEVER);
        assertThat(engine.planner().plan()).satisfies(plan -> {
            assertThat(plan.due()).isEmpty();
            assertThat(plan.active()).isZero();
        });

        database.execute(START);
        drain(engine);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aPauseDuringTheLastSubBatchIsKept() {
        WorkFunction pausingAtLast = context -> {
            long changed = ItemsWork.addOne(context);
            if (ItemsWork.lastKey(context) == 4_000) {
                database.execute(PAUSE);
            }
            return changed;
        };
        BatchedMigrations engine = fixture.engine(Map.of("pausing", pausingAtLast));

        long job = engine.planner().plan().due().get(0);
        BatchOutcome outcome = engine.runner().run(job, StopSignal.NEVER);
        engine.planner().plan();

        assertThat(outcome).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        database.execute(START);
        engine.planner().plan();
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aPauseBetweenThePlannersReadAndWriteIsKept() throws SQLException {
        BatchedMigrations engine = fixture.engine(Map.of("pausing", ItemsWork::addOne));
        long job = engine.planner().plan().due().get(0);
        engine.runner().run(job, StopSignal.NEVER);

        try (Connection operator = database.getConnection();
                Statement statement = operator.createStatement()) {
            operator.setAutoCommit(false);
            statement.execute(PAUSE);
            // The planner reads "running" and waits for this row when it sets "finished".
            Worker<Planner.Plan> planner = Worker.start(engine.planner()::plan);
            awaitWaitingForLock();
            operator.commit();
            operator.setAutoCommit(true);
            planner.result();
        }

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(fixture.of("m", "finished_at")).isEqualTo("null");
    }

    @Test
    void aPauseBetweenTheClaimsReadAndWriteIsKept() throws SQLException {
        BatchedMigrations engine = fixture.engine(Map.of("pausing", ItemsWork::addOne));
        long job = engine.planner().plan().due().get(0);

        try (Connection operator = database.getConnection();
                Statement statement = operator.createStatement()) {
            operator.setAutoCommit(false);
            statement.execute(PAUSE);
            Worker<BatchOutcome> runner = Worker.start(() -> engine.runner().run(job, StopSignal.NEVER));
            awaitWaitingForLock();
            operator.commit();
            operator.setAutoCommit(true);
            assertThat(runner.result())
                    .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.MIGRATION_STOPPED));
        }

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
        assertThat(fixture.jobs("m", "attempts")).containsExactly("0");
    }

    @Test
    void aPausedMigrationIsNotFailedByABatchThatUsesUpItsAttempts() {
        WorkFunction pausingAndFailing = context -> {
            database.execute(PAUSE);
            throw EngineFixture.away("no");
        };
        BatchedMigrations engine = fixture.engine(
                EngineFixture.SETTINGS.toBuilder().maxJobAttempts(1).build(), Map.of("pausing", pausingAndFailing));

        engine.runToEnd(List.of(), StopSignal.NEVER);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
    }

    @Test
    void aPausedMigrationIsNotClaimed() {
        long job = fixture.engine(Map.of("pausing", ItemsWork::addOne))
                .planner()
                .plan()
                .due()
                .get(0);
        database.execute(PAUSE);

        assertThat(fixture.engine(Map.of("pausing", ItemsWork::addOne)).runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.MIGRATION_STOPPED));
        assertThat(fixture.jobs("m", "attempts")).containsExactly("0");
    }

    @Test
    void aFinishedStatusWrittenByHandStopsTheBatch() {
        WorkFunction finishing = context -> {
            database.execute("UPDATE batched_background_migrations SET status = 2");
            return ItemsWork.addOne(context);
        };

        RunResult result = fixture.runAll(Map.of("pausing", finishing));

        assertThat(result.finished()).hasSize(1);
        assertThat(database.number("SELECT sum(n) FROM t.items")).isBetween(1L, 3_999L);
    }

    private WorkFunction pausingAtFirst() {
        return context -> {
            if (ItemsWork.firstKey(context) < 2) {
                database.execute(PAUSE);
            }
            return ItemsWork.addOne(context);
        };
    }

    private void drain(BatchedMigrations engine) {
        for (int turn = 0; turn < 20; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
    }

    private void awaitWaitingForLock() {
        org.awaitility.Awaitility.await()
                .pollInterval(Duration.ofMillis(5))
                .until(() -> database.number(
                                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type ="
                                        + " 'Lock'")
                        > 0);
    }
}
