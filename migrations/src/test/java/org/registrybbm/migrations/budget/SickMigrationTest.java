package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 4: one sick migration gets its code and text and harms no other. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class SickMigrationTest {
    private static final String NULLS = "NullKeySetBatchingStrategy";

    private final EngineFixture fixture;
    private final TestDatabase database;

    SickMigrationTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.plain (id bigint, v bigint, name text);
                INSERT INTO t.plain SELECT i, NULL, 'x' FROM generate_series(1, 10) i;
                CREATE VIEW t.a_view AS SELECT * FROM t.plain;
                CREATE TABLE t.words (id float8 PRIMARY KEY);
                CREATE TABLE t.stuck (id bigint PRIMARY KEY, v bigint);
                INSERT INTO t.stuck SELECT generate_series(1, 10);
                CREATE INDEX ON t.stuck (v) WHERE v IS NULL;
                CREATE TABLE t.split (id bigint, v bigint) PARTITION BY HASH (id);
                CREATE TABLE t.split_0 PARTITION OF t.split FOR VALUES WITH (MODULUS 1, REMAINDER 0)
                """);
    }

    /** The definition, then the code and a part of the text that it must fail with. */
    static Stream<Arguments> sick() {
        return Stream.of(
                sick(ItemsWork.ADD_ONE, "t.nowhere", "id", null, FailureCode.INVALID_BBM_TABLE, "no table t.nowhere"),
                sick(ItemsWork.ADD_ONE, "items", "id", null, FailureCode.INVALID_BBM_TABLE, "is not <schema>.<table>"),
                sick(ItemsWork.ADD_ONE, "a.b.c", "id", null, FailureCode.INVALID_BBM_TABLE, "is not <schema>.<table>"),
                sick(ItemsWork.ADD_ONE, "", "id", null, FailureCode.INVALID_BBM_TABLE, "is not <schema>.<table>"),
                sick(
                        ItemsWork.ADD_ONE,
                        "t.items; drop table t.plain",
                        "id",
                        null,
                        FailureCode.INVALID_BBM_TABLE,
                        "is not <schema>.<table>"),
                sick(
                        ItemsWork.ADD_ONE,
                        "x; drop table y",
                        "id",
                        null,
                        FailureCode.INVALID_BBM_TABLE,
                        "x; drop table y"),
                sick(ItemsWork.ADD_ONE, "t.a_view", "id", null, FailureCode.INVALID_BBM_TABLE, "is not a table"),
                sick(ItemsWork.ADD_ONE, "t.split", "v", NULLS, FailureCode.MISSING_INDEX, "t.split_0"),
                sick(
                        ItemsWork.ADD_ONE,
                        "t.items",
                        "nothing",
                        null,
                        FailureCode.INVALID_BBM_COLUMN,
                        "no column nothing"),
                sick(
                        ItemsWork.ADD_ONE,
                        "t.items",
                        "id; drop table t.plain",
                        null,
                        FailureCode.INVALID_BBM_COLUMN,
                        "id; drop"),
                sick(
                        ItemsWork.ADD_ONE,
                        "t.items",
                        "id, v",
                        null,
                        FailureCode.INVALID_BBM_COLUMN,
                        "v of t.items may be NULL"),
                sick(ItemsWork.ADD_ONE, "t.stuck", "v", null, FailureCode.MISSING_INDEX, "no valid btree index"),
                sick(
                        ItemsWork.ADD_ONE,
                        "t.items",
                        "id",
                        "BlockBatchingStrategy",
                        FailureCode.PENDING_UNKNOWN,
                        "pending"),
                sick("asking", "t.items", "id", "BlockBatchingStrategy", FailureCode.PENDING_UNKNOWN, "jsonb_exists"),
                sick(ItemsWork.ADD_ONE, "t.items", "ctid", null, FailureCode.INVALID_BBM_COLUMN, "no column ctid"),
                sick(
                        ItemsWork.ADD_ONE,
                        "t.words",
                        "id",
                        null,
                        FailureCode.INVALID_BBM_COLUMN,
                        "has the type double precision"),
                sick("nobodyKnows", "t.items", "id", null, FailureCode.INVALID_JOB_SIGNATURE, "'nobodyKnows'"),
                sick("throwing", "t.items", "id", null, FailureCode.MAX_JOB_RETRY, "failed 5 times without progress"),
                sick(ItemsWork.ADD_ONE, "t.items", "id", "Other", FailureCode.INVALID_BATCHING_STRATEGY, "'Other'"),
                sick(ItemsWork.ADD_ONE, "t.plain", "id", null, FailureCode.MISSING_INDEX, "no valid btree index"),
                sick("zero", "t.plain", "v", NULLS, FailureCode.MISSING_INDEX, "IS NULL"),
                sick("copyColumn", "t.items", "id", null, FailureCode.INVALID_ARGUMENTS, "\"from\""),
                sick("zero", "t.stuck", "v", NULLS, FailureCode.NO_PROGRESS, "run for ever"));
    }

    private static Arguments sick(
            String signature, String table, String column, @Nullable String strategy, FailureCode code, String text) {
        return Arguments.of(signature, table, column, strategy, code, text);
    }

    @ParameterizedTest
    @MethodSource("sick")
    @Sample(oneOf = 4)
    void failsWithItsCodeAndTextAndTheHealthyOneBehindItFinishes(
            String signature, String table, String column, @Nullable String strategy, FailureCode code, String text) {
        fixture.items(1, 100);
        queue("sick", signature, table, column, strategy);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 30);
        List<MigrationEvent> events = new ArrayList<>();

        RunResult result = engine(events).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.failed()).singleElement().satisfies(failed -> {
            assertThat(failed.name()).isEqualTo("sick");
            assertThat(failed.failure()).isNotNull().satisfies(failure -> {
                assertThat(failure.code()).isEqualTo(code);
                assertThat(failure.message()).contains(text);
            });
        });
        assertThat(fixture.of("sick", "failure_error_code")).isEqualTo(String.valueOf(code.code()));
        assertThat(result.finished()).extracting(BatchedMigration::name).containsExactly("healthy");
        fixture.assertEachItemChangedOnce();
        assertThat(events)
                .filteredOn(MigrationEvent.MigrationFailed.class::isInstance)
                .hasSize(1);
        assertThat(database.number("SELECT count(*) FROM t.plain")).isEqualTo(10);
    }

    @ParameterizedTest
    @MethodSource("sick")
    @Sample(oneOf = 4)
    void doesNotHoldUpAHealthyOneOfTheSameFleet(
            String signature, String table, String column, @Nullable String strategy, FailureCode code, String text) {
        fixture.items(1, 100);
        queue("sick", signature, table, column, strategy);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);
        BatchedMigrations engine = engine(new ArrayList<>());

        for (int turn = 0; turn < 20 && fixture.status("healthy") != MigrationStatus.FINISHED; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }

        assertThat(fixture.status("healthy")).as("%s: %s", code, text).isEqualTo(MigrationStatus.FINISHED);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void refusesABatchSizeBelowOne(int size) {
        fixture.items(1, 100);
        fixture.queueItems("sick", ItemsWork.ADD_ONE, 100);
        fixture.database().execute("UPDATE batched_background_migrations SET batch_size = " + size);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);

        fixture.runAll(Map.of());

        assertThat(fixture.of("sick", "failure_error_code")).isEqualTo("11");
        assertThat(fixture.of("sick", "failure_message"))
                .isEqualTo("batch_size is " + size + "; a batch needs at least 1 row");
        assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void refusesBoundsThatHoldNoKey() {
        fixture.items(1, 100);
        fixture.queueItems("sick", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);
        database.execute("UPDATE batched_background_migrations SET min_value = 5, max_value = 4 WHERE name = 'sick'");

        fixture.runAll(Map.of());

        assertThat(fixture.of("sick", "failure_error_code")).isEqualTo("10");
        assertThat(fixture.of("sick", "failure_message")).contains("min_value 5 is greater than max_value 4");
        assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void failsWhenItsOwnCheckThrows(boolean inSql) {
        fixture.items(1, 100);
        fixture.queueItems("sick", "badCheck", 10);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);
        WorkFunction badCheck = new WorkFunction() {
            @Override
            public long migrate(WorkContext context) {
                return 0;
            }

            @Override
            public void check(WorkContext context) throws SQLException {
                if (inSql) {
                    ItemsWork.update(context.connection(), "DELETE FROM t.no_such_table");
                }
                throw new IllegalStateException("a mistake in the check");
            }
        };

        RunResult result = fixture.runAll(Map.of("badCheck", badCheck));

        assertThat(result.finished()).extracting(BatchedMigration::name).containsExactly("healthy");
        assertThat(fixture.of("sick", "failure_error_code")).isEqualTo("0");
        assertThat(fixture.of("sick", "failure_message"))
                .contains(inSql ? "no_such_table" : "thrown at org.registrybbm.migrations.budget.SickMigrationTest");
    }

    @Test
    void runsAgainOnceItIsHealed() {
        queue("sick", ItemsWork.ADD_ONE, "t.items", "id", null);
        assertThat(engine(new ArrayList<>())
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .failed())
                .hasSize(1);
        fixture.items(1, 100);

        RunResult result = engine(new ArrayList<>()).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).isTrue();
        assertThat(fixture.of("sick", "failure_error_code IS NULL AND failure_message IS NULL"))
                .isEqualTo("t");
        fixture.assertEachItemChangedOnce();
    }

    private BatchedMigrations engine(List<MigrationEvent> events) {
        WorkFunction zero = context -> 0;
        WorkFunction throwing = context -> {
            throw EngineFixture.away("always");
        };
        WorkFunction asking = zero.withPending("'{\"a?\": 1}'::jsonb ? 'a'");
        return BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of("zero", zero, "throwing", throwing, "asking", asking)))
                .listener(events::add)
                .build();
    }

    private void queue(String name, String signature, String table, String column, @Nullable String strategy) {
        fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration(
                        name,
                        signature,
                        table,
                        column,
                        strategy,
                        strategy == null ? 1 : 0,
                        strategy == null ? 1000 : 0,
                        10,
                        null));
    }
}
