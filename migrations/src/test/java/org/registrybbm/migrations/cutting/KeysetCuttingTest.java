package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Ranges of keys: where batches begin and end. */
@ExtendWith(PostgresExtension.class)
class KeysetCuttingTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    KeysetCuttingTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private static final String BOUNDS = "j.min_value || ' to ' || j.max_value";

    @Test
    void cutsBatchesThatTouchAndEndAtTheMigrationsMaximum() {
        fixture.items(1, 250).queueItems("m", ItemsWork.ADD_ONE, 100);
        bounds(1, 1_000);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(fixture.jobs("m", BOUNDS)).containsExactly("1 to 100", "101 to 200", "201 to 1000");
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void cutsByRowsAndNotByKeysWhereKeysAreSparse() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items (id) SELECT i * 1000000007::bigint FROM generate_series(-5, 5) i
                """);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 4);

        fixture.drain(Map.of());

        assertThat(fixture.jobs("m", BOUNDS))
                .containsExactly(
                        Long.MIN_VALUE + " to -2000000014",
                        "-2000000013 to 2000000014",
                        "2000000015 to " + Long.MAX_VALUE);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void reachesTheLeastAndTheGreatestKeyThatThereAre() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items (id)
                VALUES (-9223372036854775808), (-9223372036854775807), (0), (9223372036854775806), (9223372036854775807)
                """);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 1);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(fixture.jobs("m", "j.max_value"))
                .containsExactly(
                        "-9223372036854775808",
                        "-9223372036854775807",
                        "0",
                        "9223372036854775806",
                        "9223372036854775807");
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void leavesRowsOutsideTheBoundsAlone() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 7);
        bounds(11, 90);

        fixture.drain(Map.of());

        assertThat(database.column("SELECT min(id) || ' to ' || max(id) FROM t.items WHERE n = 1"))
                .containsExactly("11 to 90");
        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(80);
        assertThat(database.number("SELECT max(max_value) FROM batched_background_migration_jobs"))
                .isEqualTo(90);
    }

    @Test
    void keepsRowsOfOneKeyTogetherWhereTheKeyIsNotUnique() {
        database.execute("""
                CREATE TABLE t.items (id bigint, n int NOT NULL DEFAULT 0);
                CREATE INDEX ON t.items (id);
                INSERT INTO t.items (id) SELECT i / 10 FROM generate_series(0, 999) i
                """);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 25);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
        assertThat(fixture.engine(Map.of())
                        .status()
                        .overviews(List.of("m"))
                        .get(0)
                        .migratedTupleCount())
                .isEqualTo(1_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smallint", "int", "bigint"})
    void walksIntegerKeysOfEachWidth(String type) {
        database.execute("""
                CREATE TABLE t.items (id %s PRIMARY KEY, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items (id) SELECT generate_series(-300, 300)
                """.formatted(type));
        fixture.queueItems("m", ItemsWork.ADD_ONE, 100);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(fixture.jobs("m", "1")).hasSize(7);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void finishesAnEmptyTableAtOnce() {
        database.execute("CREATE TABLE t.items (id bigint PRIMARY KEY, n int)");
        fixture.queueItems("m", ItemsWork.ADD_ONE, 100);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(fixture.of("m", "finished_at IS NOT NULL")).isEqualTo("t");
        assertThat(fixture.jobs("m", "j.status || ' ' || migrated_tuple_count")).containsExactly("2 0");
    }

    @Test
    void takesRowsThatAreInsertedBehindTheLastBatchBeforeItIsCut() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 100);
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = engine.planner().plan().due().get(0);
        database.execute("INSERT INTO t.items (id) SELECT generate_series(101, 300)");
        engine.runner().run(job, StopSignal.NEVER);

        fixture.drain(Map.of());

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void walksAPartitionedTableByTheIndexesOfItsPartitions() {
        database.execute("""
                CREATE TABLE t.items (space int, id bigint, n int NOT NULL DEFAULT 0) PARTITION BY HASH (space);
                CREATE TABLE t.items_0 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                CREATE TABLE t.items_1 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 1);
                CREATE INDEX ON t.items_0 (id);
                INSERT INTO t.items (space, id) SELECT i % 9, i FROM generate_series(1, 900) i
                """);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 200);
        assertThat(fixture.drain(Map.of()).failed())
                .singleElement()
                .satisfies(failed -> assertThat(failed.failure())
                        .isNotNull()
                        .extracting(Failure::code)
                        .isEqualTo(FailureCode.MISSING_INDEX));

        database.execute("CREATE INDEX ON t.items_1 (id)");
        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE INDEX ON t.items (n, id)",
                "CREATE INDEX ON t.items (id) WHERE n = 0",
                "CREATE INDEX ON t.items USING hash (id)",
                "CREATE INDEX ON t.items (abs(id))"
            })
    void refusesAnIndexThatCannotBeWalked(String index) {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 5);
        database.execute("ALTER TABLE t.items DROP CONSTRAINT items_pkey");
        database.execute(index);

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("12");
        assertThat(fixture.of("m", "failure_message")).contains("CREATE INDEX CONCURRENTLY ON t.items (id)");
    }

    private void bounds(long min, long max) {
        database.execute("UPDATE batched_background_migrations SET min_value = " + min + ", max_value = " + max);
    }
}
