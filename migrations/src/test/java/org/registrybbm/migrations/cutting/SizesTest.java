package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Sizes of batches and sub-batches follow the measured time, unless they are fixed. */
@ExtendWith(PostgresExtension.class)
class SizesTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    SizesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void growsBatchesThatAreFasterThanTheirTarget() {
        fixture.items(1, 3_000);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(20)
                        .build());

        fixture.limits(1, 1).engine(EngineFixture.SETTINGS).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(fixture.jobs("m", "covered_tuple_count")).startsWith("20", "200", "2000");
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void halvesBatchesThatAreSlowerThanTheirTarget() {
        fixture.items(1, 2_000);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(400)
                        .build());
        BatchedMigrations engine = fixture.limits(1, 1).engine(EngineFixture.SETTINGS);
        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
        database.execute("UPDATE batched_background_migration_jobs SET busy_ms = 3600000");

        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);

        assertThat(fixture.jobs("m", "covered_tuple_count")).containsExactly("400", "200");
    }

    @Test
    void growsBesideManyThatStillRun() {
        fixture.items(1, 5_000);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(20)
                        .build());
        BatchedMigrations engine = fixture.limits(30, 30).engine(EngineFixture.SETTINGS);
        List<Long> probes = engine.planner().plan().due();
        probes.subList(1, 30).forEach(this::startElsewhere);
        engine.runner().run(probes.get(0), StopSignal.NEVER);

        List<Long> next = engine.planner().plan().due();

        assertThat(probes).hasSize(30);
        assertThat(next).hasSize(1);
        assertThat(fixture.jobs("m", "j.max_value")).hasSize(31).endsWith("600", "800");
    }

    private void startElsewhere(long job) {
        database.execute("UPDATE batched_background_migration_jobs SET attempts = 1, lease_token = 1,"
                + " lease_until = now() + interval '1 hour', started_at = now() WHERE id = " + job);
    }

    @Test
    void sharesOutWhatIsLeftSoThatAllWorkersEndTogether() {
        fixture.items(1, 10_000);
        database.execute("ANALYZE t.items");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(1_000)
                        .build());
        BatchedMigrations engine = fixture.limits(4, 4).engine(EngineFixture.SETTINGS);
        cutTwelve(engine);

        // Of 5,000 rows and then 1,668 each of 4 workers gets a sixth.
        assertThat(fixture.jobs("m", "j.max_value"))
                .startsWith("1000", "2000", "3000", "4000", "5000", "5833", "6666", "7499", "8332", "8610");
        fixture.expireLeases();
        assertThat(fixture.drain(Map.of()).finished()).hasSize(1);
        fixture.assertEachItemChangedOnce();
    }

    /** Has one of four workers run batch jobs, as if each had hit its target, until there are twelve: the next one would have as many rows. */
    private void cutTwelve(BatchedMigrations engine) {
        List<Long> probes = engine.planner().plan().due();
        probes.subList(1, 4).forEach(this::startElsewhere);
        for (List<Long> due = probes.subList(0, 1); fixture.jobs("m", "j.id").size() < 12; ) {
            engine.runner().run(due.get(0), StopSignal.NEVER);
            database.execute("UPDATE batched_background_migration_jobs SET busy_ms = 30000");
            due = engine.planner().plan().due();
            assertThat(due).hasSize(1);
        }
    }

    @Test
    void sharesOutWhatIsLeftThoughTheWorkMakesTheTableGrow() {
        fixture.items(1, 10_000);
        database.execute("ALTER TABLE t.items ADD COLUMN wide text; ANALYZE t.items");
        fixture.limits(4, 4)
                .engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("widens")
                        .table("t.items")
                        .byKey("id")
                        .batchSize(1_000)
                        .build());
        BatchedMigrations engine = fixture.engine(
                EngineFixture.SETTINGS,
                Map.of("widens", context -> context.update("v = v + 1, wide = repeat('x', 300)")));
        cutTwelve(engine);

        assertThat(fixture.jobs("m", "j.max_value"))
                .startsWith("1000", "2000", "3000", "4000", "5000", "5833", "6666", "7499", "8332", "8610");
    }

    @Test
    void doesNotShrinkToNothingWhereTheStatisticsAreOld() {
        fixture.items(1, 100);
        database.execute("ANALYZE t.items");
        database.execute("INSERT INTO t.items (id) SELECT generate_series(101, 20000)");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(1_000)
                        .build());

        fixture.limits(4, 4).drain(Map.of());

        assertThat(fixture.jobs("m", "covered_tuple_count")).hasSizeLessThan(10);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void keepsEveryBatchAtItsSizeWhereTheMigrationSaysSo() {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 100);

        fixture.drain(Map.of());

        assertThat(fixture.jobs("m", "covered_tuple_count"))
                .hasSize(11)
                .startsWith("100", "100")
                .endsWith("100", "0");
    }

    @Test
    void keepsEveryBatchAtItsSizeWhereTheBatchTargetIsZero() {
        fixture.items(1, 1_000);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(250)
                        .build());
        EngineSettings fixed = EngineFixture.SETTINGS.toBuilder()
                .batchTarget(Duration.ZERO)
                .subBatchTarget(Duration.ofMillis(500))
                .build();

        fixture.engine(fixed).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(fixture.jobs("m", "covered_tuple_count")).containsExactly("250", "250", "250", "250", "0");
    }

    @Test
    void startsWithASmallSubBatchAndGrowsWithinTheBatch() {
        fixture.items(1, 8_000).queueItems("m", ItemsWork.ADD_ONE, 10_000);
        List<Long> covered = new ArrayList<>();
        EngineSettings slowTarget = EngineFixture.SETTINGS.toBuilder()
                .batchTarget(Duration.ZERO)
                .subBatchTarget(Duration.ofSeconds(30))
                .build();

        BatchedMigrations.on(database)
                .settings(slowTarget)
                .workRegistry(EngineFixture.registry(Map.of()))
                .listener(event -> {
                    if (event instanceof MigrationEvent.SubBatchCommitted committed) {
                        covered.add(committed.covered());
                    }
                })
                .build()
                .runToEnd(List.of(), StopSignal.NEVER);

        assertThat(covered).containsExactly(1_000L, 2_000L, 4_000L, 1_000L);
    }

    @Test
    void triesASmallerSubBatchAfterATimeoutWithoutLosingTheAttempt() {
        fixture.items(1, 2_000).queueItems("m", "slowWhenBig", 2_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 2000");
        List<Long> sizes = new ArrayList<>();
        WorkFunction slowWhenBig = context -> {
            long size = ItemsWork.lastKey(context) - ItemsWork.firstKey(context) + 1;
            sizes.add(size);
            if (size > 300) {
                try (var statement = context.connection().createStatement()) {
                    statement.execute("SELECT pg_sleep(20)");
                }
            }
            return ItemsWork.addOne(context);
        };
        EngineSettings impatient = EngineFixture.SETTINGS.toBuilder()
                .maxJobAttempts(1)
                .batchTarget(Duration.ZERO)
                .subBatchTarget(Duration.ofSeconds(30))
                .statementTimeout(Duration.ofMillis(500))
                .lockTimeout(Duration.ofSeconds(2))
                .idleInTransactionTimeout(Duration.ofSeconds(10))
                .lease(Duration.ofSeconds(10))
                .retryDelay(Duration.ZERO)
                .missingCode(Duration.ZERO)
                .build();
        BatchedMigrations engine = fixture.engine(impatient, Map.of("slowWhenBig", slowWhenBig));

        RunResult result = engine.runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).as("%s %s", sizes, result).isTrue();
        assertThat(sizes).startsWith(1_000L, 500L, 250L, 250L, 282L);
        fixture.assertEachItemChangedOnce();
    }
}
