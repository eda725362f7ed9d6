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
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A migration whose status says finished while its batch jobs say otherwise is opened again, and until then not called done. */
@ExtendWith(PostgresExtension.class)
class FinishedByOthersTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    FinishedByOthersTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** The container registry's own software knows nothing of them. */
    @Test
    void isReopenedWhileRowsWaitInQuarantine() {
        fixture.items(1, 100).queueItems("m", "fill", 50);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT picky CHECK (v IS NULL OR id <> 50)");
        BatchedMigrations engine =
                fixture.engine(Map.of("fill", WorkFunction.update("v = id").withPending("v IS NULL")));
        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).failed()).hasSize(1);
        finish();

        assertThat(engine.status().overviews(List.of("m")).get(0).explanation())
                .startsWith("set to finished by somebody else");
        engine.planner().plan();

        assertThat(fixture.status("m")).isNotEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void isReopenedWhileBatchJobsAreOpen() {
        fixture.items(1, 400).queueItems("m", ItemsWork.ADD_ONE, 50);
        database.execute("ANALYZE t.items");
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        engine.runner().run(due.get(0), StopSignal.NEVER);
        finish();

        assertThat(engine.planner().hasWork()).isTrue();
        MigrationOverview overview = engine.status().overviews(List.of("m")).get(0);
        assertThat(overview.progressPercent()).hasValue(12.5);
        assertThat(overview.explanation())
                .isEqualTo(
                        "set to finished by somebody else while batch jobs or quarantined rows are left; a replica makes it active"
                                + " again, unless it is paused or its row is deleted");

        List<MigrationEvent> events = new ArrayList<>();
        Planner.Plan plan = BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
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
        assertThat(fixture.of("m", "status || ' ' || (finished_at IS NULL)")).isEqualTo("1 true");
        assertThat(engine.eventLog().newest("m", 10))
                .filteredOn(event -> event.event().equals("reopened"))
                .singleElement()
                .satisfies(event -> assertThat(event.reason()).contains("1 batch job was not done"));
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void isReopenedWhileBatchJobsDoNotCoverItsTable() {
        fixture.items(1, 400).queueItems("m", ItemsWork.ADD_ONE, 50);
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        finish();

        assertThat(engine.runToEnd(List.of("m"), StopSignal.NEVER).isComplete()).isTrue();

        assertThat(engine.eventLog().newest("m", 10))
                .anySatisfy(
                        event -> assertThat(event.reason())
                                .isEqualTo(
                                        "it was set to finished by somebody else while its batch jobs did not cover the whole table yet"));
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void isLeftAloneWhenItIsPausedInstead() {
        fixture.items(1, 400).queueItems("m", ItemsWork.ADD_ONE, 50);
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan();
        fixture.setStatus("m", MigrationStatus.PAUSED);

        assertThat(engine.planner().hasWork()).isFalse();
        assertThat(engine.planner().plan()).isEqualTo(new Planner.Plan(List.of(), Set.of(), 0, true, Map.of(), true));
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
    }

    @Test
    void isLeftAloneWhereOnlyBatchJobsOfTheContainerRegistrysAreOpen() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 50);
        database.execute("""
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value)
                SELECT id, 1, 50 FROM batched_background_migrations
                """);
        finish();

        assertThat(fixture.engine(Map.of()).planner().hasWork()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({",id", ",k", "NullKeySetBatchingStrategy,v", "PredicateBatchingStrategy,''", "BlockBatchingStrategy,''"
    })
    @Sample(oneOf = 2)
    void ourOwnFinishContradictsNothing(String strategy, String column) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        Map<String, WorkFunction> work = Map.of("work", ItemsWork.DO_ONE);
        fixture.queue("work", strategy, column, 100, 70);
        assertThat(fixture.drain(work).isComplete()).isTrue();

        assertThat(fixture.engine(work).planner().hasWork()).isFalse();
        assertThat(fixture.engine(work).status().overviews(List.of("m")).get(0).progressPercent())
                .hasValue(100);
    }

    @Test
    void aRowOfAnOldVersionThatFailedWithoutACodeStartsAgainWhenItIsSetToActive() {
        fixture.items(1, 100).queueItems("m", "switched", 100);
        boolean[] failing = {true};
        Map<String, WorkFunction> work = Map.of("switched", context -> {
            if (failing[0]) {
                throw EngineFixture.away("not yet");
            }
            return ItemsWork.addOne(context);
        });
        fixture.runAll(work);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        database.execute("UPDATE batched_background_migrations SET failure_error_code = NULL, failure_class = NULL,"
                + " failure_sqlstate = NULL, failure_message = NULL");
        failing[0] = false;

        database.execute("UPDATE batched_background_migrations SET status = 1");

        assertThat(fixture.drain(work).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aMigrationThatFailsAgainAfterThatEndsFailed() {
        fixture.items(1, 100).queueItems("m", "failing", 100);
        Map<String, WorkFunction> work = Map.of("failing", context -> {
            throw EngineFixture.away("never");
        });
        fixture.runAll(work);
        database.execute("UPDATE batched_background_migrations SET status = 1, failure_error_code = NULL,"
                + " failure_class = NULL, failure_sqlstate = NULL, failure_message = NULL");

        assertThat(fixture.drain(work).failed()).hasSize(1);
        assertThat(fixture.of("m", "failure_message")).contains("failed 5 times");
    }

    private void finish() {
        database.execute("UPDATE batched_background_migrations SET status = 2, finished_at = now()");
    }
}
