package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 5: finished is set only when every key was processed. */
@ExtendWith(PostgresExtension.class)
class FinishedMeansFinishedTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    FinishedMeansFinishedTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void isNotFinishedWhileABatchIsLeased() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 50);
        BatchedMigrations engine = fixture.engine(Map.of());
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        List<Long> due = engine.planner().plan().due();
        assertThat(due).hasSize(2);

        engine.runner().run(due.get(1), () -> {
            engine.runner().run(due.get(0), StopSignal.NEVER);
            engine.planner().plan();
            assertThat(fixture.status("m")).isEqualTo(MigrationStatus.RUNNING);
            return false;
        });
        engine.planner().plan();

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void isNotFinishedWhileABatchWaitsForItsRetry() {
        fixture.items(1, 100).queueItems("m", "failing", 50);
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        BatchedMigrations engine = fixture.engine(EngineSettings.defaults(), Map.of("failing", context -> {
            if (ItemsWork.firstKey(context) > 50) {
                throw EngineFixture.away("later");
            }
            return ItemsWork.addOne(context);
        }));

        for (int turn = 0; turn < 4; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.RUNNING);
        assertThat(fixture.runAll(Map.of("failing", ItemsWork::addOne)).isComplete())
                .isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void isNotFinishedTwice() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 50);
        fixture.runAll(Map.of());
        String finishedAt = fixture.of("m", "finished_at");

        RunResult again = fixture.runAll(Map.of());

        assertThat(again.finished()).hasSize(1);
        assertThat(fixture.of("m", "finished_at")).isEqualTo(finishedAt);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void countsEveryRowOfBatchesOfAnySize() {
        fixture.items(-777, 1_234).queueItems("m", ItemsWork.ADD_ONE, 97);

        fixture.runAll(Map.of());

        MigrationOverview overview =
                fixture.engine(Map.of()).status().overviews(List.of("m")).get(0);
        assertThat(overview.coveredTupleCount()).isEqualTo(2_012);
        assertThat(overview.migratedTupleCount()).isEqualTo(2_012);
        assertThat(overview.finishedJobs()).isEqualTo(fixture.jobs("m", "1").size());
        assertThat(gaps()).isEmpty();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void tellsEachEventOnceAndInOrder() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 50);
        fixture.limits(1, 1);
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        List<String> events = new ArrayList<>();

        BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .listener(event -> events.add(event.getClass().getSimpleName()))
                .build()
                .runToEnd(List.of(), StopSignal.NEVER);

        assertThat(events)
                .containsExactly(
                        "BatchStarted",
                        "SubBatchCommitted",
                        "BatchFinished",
                        "BatchStarted",
                        "SubBatchCommitted",
                        "BatchFinished",
                        "MigrationFinished");
    }

    private List<String> gaps() {
        return database.column("""
                SELECT min_value || ' after ' || before
                FROM (
                    SELECT min_value, lag(max_value) OVER (ORDER BY id) AS before
                    FROM batched_background_migration_jobs
                ) jobs
                WHERE before + 1 <> min_value
                """);
    }
}
