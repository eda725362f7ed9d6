package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Tuples, progress and the sentence that says why a migration stands still. */
@ExtendWith(PostgresExtension.class)
class ProgressTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    ProgressTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void takesTheTotalFromTheStatisticsWhenTheFirstBatchIsCut() {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 100);
        database.execute("ANALYZE t.items");
        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("null");

        fixture.engine(Map.of()).planner().plan();

        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("1000");
    }

    @Test
    void countsWithTheSizeThatTheTableHasNow() {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 100);
        database.execute("ALTER TABLE t.items SET (autovacuum_enabled = off); ANALYZE t.items");
        database.execute("INSERT INTO t.items (id) SELECT generate_series(1001, 20000)");

        fixture.engine(Map.of()).planner().plan();

        assertThat(Long.parseLong(fixture.of("m", "total_tuple_count"))).isBetween(18_000L, 22_000L);
    }

    @Test
    void doesNotBelieveATableThatWasEmptyWhenItWasAnalysed() {
        fixture.items(1, 0).queueItems("m", ItemsWork.ADD_ONE, 100);
        database.execute("ALTER TABLE t.items SET (autovacuum_enabled = off); ANALYZE t.items");
        database.execute("INSERT INTO t.items (id) SELECT generate_series(1, 1000)");

        fixture.engine(Map.of()).planner().plan();

        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("null");
    }

    @Test
    void sumsThePartitionsUpAndSaysNothingWhereOneIsUnknown() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int DEFAULT 0) PARTITION BY HASH (id);
                CREATE TABLE t.items_0 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                CREATE TABLE t.items_1 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 1);
                INSERT INTO t.items SELECT generate_series(1, 1000);
                ANALYZE t.items_0
                """);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 100);
        fixture.engine(Map.of()).planner().plan();
        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("null");

        database.execute("DELETE FROM batched_background_migration_jobs; ANALYZE t.items_1");
        fixture.engine(Map.of()).planner().plan();
        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("1000");
    }

    @Test
    void isCountedByTheServerWithoutATotalAndNeverFullBeforeTheEnd() {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 400);
        database.execute("ALTER TABLE t.items SET (autovacuum_enabled = off)");
        BatchedMigrations engine = fixture.limits(1, 1).engine(EngineFixture.SETTINGS);
        assertThat(overview("m").progressPercent()).hasValue(0);
        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
        // The server writes down what sessions have inserted up to some seconds later.
        await().until(() -> overview("m").expectedTupleCount().isPresent());
        assertThat(overview("m").expectedTupleCount()).hasValue(1_000);
        assertThat(overview("m").progressPercent()).hasValue(40);

        database.execute("UPDATE batched_background_migrations SET total_tuple_count = 1000");
        assertThat(overview("m").progressPercent()).hasValue(40);

        database.execute("UPDATE batched_background_migrations SET total_tuple_count = 10");
        assertThat(overview("m").progressPercent()).hasValue(99.9);

        database.execute("UPDATE batched_background_migrations SET total_tuple_count = 0");
        assertThat(overview("m").progressPercent()).hasValue(40);

        fixture.drain(Map.of());
        assertThat(overview("m").progressPercent()).hasValue(100);
        assertThat(overview("m").coveredTupleCount()).isEqualTo(1_000);
    }

    @Test
    void countsRowsThatAreRightAlreadyAsCoveredButNotAsMigrated() {
        fixture.items(1, 1_000);
        database.execute("UPDATE t.items SET v = id WHERE id <= 300");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", "{\"from\": \"id\", \"to\": \"v\"}")
                        .table("t.items")
                        .byKey("id")
                        .batchSize(500)
                        .build());

        fixture.drain(Map.of());

        assertThat(overview("m").coveredTupleCount()).isEqualTo(1_000);
        assertThat(overview("m").migratedTupleCount()).isEqualTo(700);
    }

    @Test
    void letsABatchOfTheContainerRegistryStandForItsBatchSize() {
        long id = fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 300);
        database.execute("""
                UPDATE batched_background_migrations SET total_tuple_count = 1000;
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value, status)
                VALUES (%1$d, 1, 300, 2), (%1$d, 301, 600, 3)
                """.formatted(id));

        assertThat(overview("m").progressPercent()).hasValue(30);
        assertThat(overview("m").finishedJobs()).isEqualTo(1);
        assertThat(overview("m").failedJobs()).isEqualTo(1);
    }

    private MigrationOverview overview(String name) {
        return fixture.engine(Map.of()).status().overviews(List.of(name)).get(0);
    }
}
