package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A migration whose status says finished while its batch jobs say otherwise is opened again, and until then not called done. */
@ExtendWith(PostgresExtension.class)
class FinishedByOthersTest {
    private final Lab lab;
    private final TestDatabase database;

    FinishedByOthersTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
    }

    @Test
    void isReopenedWhileBatchJobsAreOpen() {
        lab.items(1, 400).queueItems("m", Lab.ADD_ONE, 50);
        database.execute("ANALYZE t.items");
        BatchedMigrations engine = lab.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        engine.runner().run(due.get(0), StopSignal.NEVER);
        finish();

        assertThat(engine.planner().hasWork()).isTrue();
        MigrationOverview overview = engine.status().overviews(List.of("m")).get(0);
        assertThat(overview.progressPercent()).hasValue(12.5);
        assertThat(overview.explanation())
                .isEqualTo("set to finished by somebody else while batch jobs are not done; a replica makes it active"
                        + " again, unless it is paused or its row is deleted");

        List<MigrationEvent> events = new ArrayList<>();
        Planner.Plan plan = BatchedMigrations.on(database)
                .settings(Lab.SETTINGS)
                .workRegistry(Lab.registry(Map.of()))
                .listener(events::add)
                .build()
                .planner()
                .plan();

        assertThat(plan.active()).isEqualTo(1);
        assertThat(plan.due()).contains(due.get(1));
        assertThat(events)
                .singleElement()
                .isInstanceOfSatisfying(
                        MigrationEvent.MigrationReopened.class,
                        event -> assertThat(event.reason())
                                .isEqualTo("it was set to finished by somebody else while 1 batch job was not done"));
        assertThat(lab.of("m", "status || ' ' || (finished_at IS NULL)")).isEqualTo("1 true");
        assertThat(engine.eventLog().newest("m", 10))
                .filteredOn(event -> event.event().equals("reopened"))
                .singleElement()
                .satisfies(event -> assertThat(event.reason()).contains("1 batch job was not done"));
        assertThat(lab.drain(Map.of()).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }

    @Test
    void isReopenedWhileBatchJobsDoNotCoverItsTable() {
        lab.items(1, 400).queueItems("m", Lab.ADD_ONE, 50);
        BatchedMigrations engine = lab.engine(Map.of());
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        finish();

        assertThat(engine.runToEnd(List.of("m"), StopSignal.NEVER).isComplete()).isTrue();

        assertThat(engine.eventLog().newest("m", 10))
                .anySatisfy(
                        event -> assertThat(event.reason())
                                .isEqualTo(
                                        "it was set to finished by somebody else while its batch jobs did not cover the whole table yet"));
        lab.assertEachItemChangedOnce();
    }

    @Test
    void isLeftAloneWhenItIsPausedInstead() {
        lab.items(1, 400).queueItems("m", Lab.ADD_ONE, 50);
        BatchedMigrations engine = lab.engine(Map.of());
        engine.planner().plan();
        lab.setStatus("m", MigrationStatus.PAUSED);

        assertThat(engine.planner().hasWork()).isFalse();
        assertThat(engine.planner().plan()).isEqualTo(new Planner.Plan(List.of(), Set.of(), 0, true, Map.of(), true));
        assertThat(lab.status("m")).isEqualTo(MigrationStatus.PAUSED);
    }

    @Test
    void isLeftAloneWhereOnlyBatchJobsOfTheContainerRegistrysAreOpen() {
        lab.items(1, 100).queueItems("m", Lab.ADD_ONE, 50);
        database.execute("""
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value)
                SELECT id, 1, 50 FROM batched_background_migrations
                """);
        finish();

        assertThat(lab.engine(Map.of()).planner().hasWork()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({",id", ",k", "NullKeySetBatchingStrategy,v", "PredicateBatchingStrategy,''", "BlockBatchingStrategy,''"
    })
    void ourOwnFinishContradictsNothing(String strategy, String column) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        Map<String, WorkFunction> work = Map.of("work", Lab.DO_ONE);
        lab.queue("work", strategy, column, 100, 70);
        assertThat(lab.drain(work).isComplete()).isTrue();

        assertThat(lab.engine(work).planner().hasWork()).isFalse();
        assertThat(lab.engine(work).status().overviews(List.of("m")).get(0).progressPercent())
                .hasValue(100);
    }

    @Test
    void aRowOfAnOldVersionThatFailedWithoutACodeStartsAgainWhenItIsSetToActive() {
        lab.items(1, 100).queueItems("m", "switched", 100);
        boolean[] failing = {true};
        Map<String, WorkFunction> work = Map.of("switched", context -> {
            if (failing[0]) {
                throw Lab.away("not yet");
            }
            return Lab.addOne(context);
        });
        lab.runAll(work);
        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FAILED);
        database.execute("UPDATE batched_background_migrations SET failure_error_code = NULL, failure_class = NULL,"
                + " failure_sqlstate = NULL, failure_message = NULL");
        failing[0] = false;

        database.execute("UPDATE batched_background_migrations SET status = 1");

        assertThat(lab.drain(work).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }

    @Test
    void aMigrationThatFailsAgainAfterThatEndsFailed() {
        lab.items(1, 100).queueItems("m", "failing", 100);
        Map<String, WorkFunction> work = Map.of("failing", context -> {
            throw Lab.away("never");
        });
        lab.runAll(work);
        database.execute("UPDATE batched_background_migrations SET status = 1, failure_error_code = NULL,"
                + " failure_class = NULL, failure_sqlstate = NULL, failure_message = NULL");

        assertThat(lab.drain(work).failed()).hasSize(1);
        assertThat(lab.of("m", "failure_message")).contains("failed 5 times");
    }

    private void finish() {
        database.execute("UPDATE batched_background_migrations SET status = 2, finished_at = now()");
    }
}
