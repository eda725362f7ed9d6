package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows whose column is NULL, until none is left. */
@ExtendWith(PostgresExtension.class)
class NullStrategyTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    NullStrategyTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private void nulls(long rows) {
        database.execute("""
                CREATE TABLE t.nulls (k bigint PRIMARY KEY, v bigint, n int NOT NULL DEFAULT 0);
                CREATE INDEX ON t.nulls (v) WHERE v IS NULL;
                INSERT INTO t.nulls (k) SELECT generate_series(1, %d)
                """.formatted(rows));
    }

    private void queue(String signature, int batchSize) {
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(signature)
                        .table("t.nulls")
                        .byNull("v")
                        .batchSize(batchSize)
                        .build());
        database.execute("UPDATE batched_background_migrations SET batch_size_fixed = true");
    }

    private static long fill(WorkContext context) throws SQLException {
        return context.update("v = k, n = n + 1");
    }

    @Test
    void runsUntilNoneIsLeft() {
        nulls(250);
        queue("fill", 100);

        assertThat(fixture.drain(Map.of("fill", NullStrategyTest::fill)).isComplete())
                .isTrue();

        assertThat(database.number("SELECT count(*) FROM t.nulls WHERE v = k AND n = 1"))
                .isEqualTo(250);
        assertThat(fixture.jobs("m", "j.min_value || ' ' || j.max_value || ' ' || migrated_tuple_count"))
                .contains("0 0 100", "0 0 50")
                .isSubsetOf("0 0 100", "0 0 50", "0 0 0");
    }

    @Test
    void keepsAFixedBatchSizeOverSeveralSubBatches() {
        nulls(6_000);
        queue("fill", 2_500);

        fixture.drain(Map.of("fill", NullStrategyTest::fill));

        assertThat(fixture.jobs("m", "migrated_tuple_count"))
                .contains("2500", "1000")
                .isSubsetOf("2500", "1000", "0");
    }

    @Test
    void finishesWithoutABatchWhereNothingIsNull() {
        nulls(0);
        queue("fill", 100);

        assertThat(fixture.drain(Map.of("fill", NullStrategyTest::fill)).isComplete())
                .isTrue();

        assertThat(fixture.jobs("m", "1")).isEmpty();
    }

    @Test
    void takesRowsThatBecomeNullWhileItRuns() {
        nulls(100);
        queue("refill", 100);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction refill = context -> {
            if (calls.incrementAndGet() == 1) {
                database.execute("INSERT INTO t.nulls (k) SELECT generate_series(1001, 1100)");
            }
            return fill(context);
        };

        assertThat(fixture.drain(Map.of("refill", refill)).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM t.nulls WHERE n = 1")).isEqualTo(200);
    }

    @Test
    void cutsNoMoreBatchesThanTheLimitsLetRun() {
        nulls(300);
        queue("fill", 100);
        BatchedMigrations engine = fixture.engine(Map.of("fill", NullStrategyTest::fill));

        assertThat(engine.planner().plan().due()).hasSize(2);
        assertThat(engine.planner().plan().due()).hasSize(2);
        assertThat(fixture.jobs("m", "1")).hasSize(2);
    }

    @Test
    void failsAfterItsAttemptsWithoutPilingUpRows() {
        nulls(100);
        queue("throwing", 10);
        AtomicInteger calls = new AtomicInteger();

        fixture.drain(Map.of("throwing", context -> {
            calls.incrementAndGet();
            throw EngineFixture.away("always");
        }));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("4");
        assertThat(fixture.jobs("m", "j.status || ' ' || attempts || ' ' || j.failure_class"))
                .hasSize(2)
                .contains("3 5 java.io.UncheckedIOException");
        assertThat(calls).hasValueBetween(5, 10);
    }

    @Test
    void failsInsteadOfRunningForEverWhenTheWorkFillsNothing() {
        nulls(100);
        queue("nothing", 10);

        fixture.drain(Map.of("nothing", context -> 0));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("14");
        assertThat(fixture.jobs("m", "1")).hasSizeLessThanOrEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE INDEX ON t.bare (v)",
                "CREATE INDEX ON t.bare (v) WHERE v IS NOT NULL",
                "CREATE INDEX ON t.bare (v) WHERE v IS NULL AND n = 0",
                "CREATE INDEX ON t.bare (n) WHERE n IS NULL"
            })
    void refusesATableWithoutThePartialIndex(String index) {
        database.execute(
                "CREATE TABLE t.bare (k bigint PRIMARY KEY, v bigint, n int); INSERT INTO t.bare (k) VALUES (1)");
        database.execute(index);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("fillColumn", "{\"value\": 1}")
                        .table("t.bare")
                        .byNull("v")
                        .batchSize(10)
                        .build());

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("12");
        assertThat(database.text("SELECT v FROM t.bare")).isEqualTo("null");
    }

    @Test
    void acceptsAPartialIndexOverAnotherColumnAndQuotedNames() {
        database.execute("""
                CREATE TABLE t."Odd" (k bigint PRIMARY KEY, "V v" text);
                CREATE INDEX ON t."Odd" (k) WHERE "V v" IS NULL;
                INSERT INTO t."Odd" SELECT generate_series(1, 20)
                """);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("fillColumn", "{\"value\": \"x\"}")
                        .table("t.\"Odd\"")
                        .byNull("V v")
                        .batchSize(7)
                        .build());

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM t.\"Odd\" WHERE \"V v\" = 'x'"))
                .isEqualTo(20);
    }

    @Test
    void countsTheTuplesThatAreNull() {
        nulls(1_000);
        database.execute("UPDATE t.nulls SET v = 1 WHERE k <= 750; ANALYZE t.nulls");
        queue("fill", 100);

        fixture.drain(Map.of("fill", NullStrategyTest::fill));

        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("250");
    }
}
