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
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 5: finished is set only when every key was processed. */
@ExtendWith(PostgresExtension.class)
class FinishedMeansFinishedTest {
    private final Lab lab;
    private final TestDatabase database;

    FinishedMeansFinishedTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
    }

    @Test
    void isNotFinishedWhileABatchIsLeased() {
        lab.items(1, 100).queueItems("m", Lab.ADD_ONE, 50);
        BatchedMigrations engine = lab.engine(Map.of());
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        List<Long> due = engine.planner().plan().due();
        assertThat(due).hasSize(2);

        engine.runner().run(due.get(1), () -> {
            engine.runner().run(due.get(0), StopSignal.NEVER);
            engine.planner().plan();
            assertThat(lab.status("m")).isEqualTo(MigrationStatus.RUNNING);
            return false;
        });
        engine.planner().plan();

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FINISHED);
        lab.assertEachItemChangedOnce();
    }

    @Test
    void isNotFinishedWhileABatchWaitsForItsRetry() {
        lab.items(1, 100).queueItems("m", "failing", 50);
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        BatchedMigrations engine = lab.engine(EngineSettings.defaults(), Map.of("failing", context -> {
            if (Lab.firstKey(context) > 50) {
                throw Lab.away("later");
            }
            return Lab.addOne(context);
        }));

        for (int turn = 0; turn < 4; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.RUNNING);
        assertThat(lab.runAll(Map.of("failing", Lab::addOne)).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }

    @Test
    void isNotFinishedTwice() {
        lab.items(1, 100).queueItems("m", Lab.ADD_ONE, 50);
        lab.runAll(Map.of());
        String finishedAt = lab.of("m", "finished_at");

        RunResult again = lab.runAll(Map.of());

        assertThat(again.finished()).hasSize(1);
        assertThat(lab.of("m", "finished_at")).isEqualTo(finishedAt);
        lab.assertEachItemChangedOnce();
    }

    @Test
    void countsEveryRowOfBatchesOfAnySize() {
        lab.items(-777, 1_234).queueItems("m", Lab.ADD_ONE, 97);

        lab.runAll(Map.of());

        MigrationOverview overview =
                lab.engine(Map.of()).status().overviews(List.of("m")).get(0);
        assertThat(overview.coveredTupleCount()).isEqualTo(2_012);
        assertThat(overview.migratedTupleCount()).isEqualTo(2_012);
        assertThat(overview.finishedJobs()).isEqualTo(lab.jobs("m", "1").size());
        assertThat(gaps()).isEmpty();
        lab.assertEachItemChangedOnce();
    }

    @Test
    void tellsEachEventOnceAndInOrder() {
        lab.items(1, 100).queueItems("m", Lab.ADD_ONE, 50);
        lab.limits(1, 1);
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        List<String> events = new ArrayList<>();

        BatchedMigrations.on(database)
                .settings(Lab.SETTINGS)
                .workRegistry(Lab.registry(Map.of()))
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
