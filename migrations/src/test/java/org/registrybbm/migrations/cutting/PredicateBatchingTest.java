package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows that the work function calls pending, found by an index, until there is none. */
@ExtendWith(PostgresExtension.class)
class PredicateBatchingTest {
    private static final String WORK = "work";
    private static final String PREDICATE = "PredicateBatchingStrategy";
    private static final String NULLS = "NullKeySetBatchingStrategy";

    private final EngineFixture fixture;
    private final TestDatabase database;

    PredicateBatchingTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private void rows(int rows) {
        database.execute("""
                CREATE TABLE t.items (id bigint, v int, n int NOT NULL DEFAULT 0, "Index" int);
                INSERT INTO t.items (id) SELECT generate_series(1, %d);
                CREATE INDEX items_todo ON t.items (id) WHERE v IS NULL
                """.formatted(rows));
    }

    private static final WorkFunction DO_ONE =
            ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending("v IS NULL");

    @ParameterizedTest
    @ValueSource(strings = {PREDICATE, NULLS})
    void severalWorkersNeverMeet(String strategy) {
        rows(6_000);
        fixture.limits(8, 8).queue(WORK, strategy, "v", 400, 50);
        Map<String, WorkFunction> work = Map.of(WORK, DO_ONE);

        List<Worker<RunResult>> workers = Stream.generate(
                        () -> Worker.start(() -> fixture.engine(work).runToEnd(List.of(), StopSignal.NEVER)))
                .limit(4)
                .toList();

        workers.forEach(worker -> assertThat(worker.result().isComplete()).isTrue());
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("m", "j.id")).hasSizeBetween(15, 15 + 8);
        assertThat(fixture.jobs("m", "j.attempts")).containsOnly("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "\"Index\" IS NULL", "n = 0", "v IS NULL OR n = 0"})
    void refusesAConditionThatNoIndexFinds(String pending) {
        rows(10);
        fixture.queue(WORK, PREDICATE, "", 10, 10);

        fixture.drain(Map.of(WORK, ((WorkFunction) ItemsWork::addOne).withPending(pending)));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("12");
        assertThat(fixture.of("m", "failure_message")).contains("where " + pending);
    }

    @ParameterizedTest
    @ValueSource(strings = {PREDICATE, NULLS})
    void givesTheRowsToAStatementThatJoinsOtherTables(String strategy) {
        rows(300);
        database.execute("CREATE TABLE t.others AS SELECT id, NULL::int AS v, 1 AS one FROM t.items");
        fixture.queue(WORK, strategy, "v", 100, 30);
        WorkFunction joined = context -> ItemsWork.update(
                context.connection(),
                "UPDATE t.items t SET n = t.n + o.one, v = 1 FROM t.others o WHERE o.id = t.id AND "
                        + context.batch().predicate("t"));

        assertThat(fixture.drain(Map.of(WORK, joined.withPending("v IS NULL"))).isComplete())
                .isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(strings = {PREDICATE, NULLS})
    void leavesThePlannersSettingsToTheWork(String strategy) {
        rows(100);
        fixture.queue(WORK, strategy, "v", 100, 100);
        AtomicInteger off = new AtomicInteger();
        WorkFunction asking = context -> {
            off.addAndGet((int) ItemsWork.update(
                    context.connection(), "UPDATE t.items SET n = n WHERE current_setting('enable_seqscan') = 'off'"));
            return DO_ONE.migrate(context);
        };

        fixture.drain(Map.of(WORK, asking.withPending("v IS NULL")));

        assertThat(off).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {PREDICATE, NULLS})
    void failsWhenTheWorkClaimsToHaveChangedRowsThatAreStillPending(String strategy) {
        rows(300);
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (id)");
        fixture.queue(WORK, strategy, "v", 100, 50);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction lying = context -> {
            calls.incrementAndGet();
            return context.update("n = n + 1");
        };

        fixture.engine(Map.of(WORK, lying.withPending("v IS NULL"))).runToEnd(List.of(), () -> calls.get() > 100);

        assertThat(calls).hasValueLessThan(50);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("14");
    }

    @ParameterizedTest
    @ValueSource(strings = {PREDICATE, NULLS, "BlockBatchingStrategy"})
    void failsWhenTheWorkOnlySaysOfManyRowsThatItCannotDoThem(String strategy) {
        rows(300);
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (id)");
        fixture.queue(WORK, strategy, "v", 100, 50);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction shy = context -> {
            calls.incrementAndGet();
            try (var statement = context.connection().createStatement()) {
                // INTO STRICT fails when there is more than one.
                statement.execute("DO 'DECLARE one int; BEGIN SELECT n INTO STRICT one FROM t.items WHERE "
                        + context.batch().predicate().replace("'", "''") + "; EXCEPTION WHEN no_data_found THEN END'");
            }
            return 0;
        };

        fixture.engine(Map.of(WORK, shy.withPending("v IS NULL"))).runToEnd(List.of(), () -> calls.get() > 2_000);

        assertThat(calls).hasValueLessThan(2_000);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("14");
    }

    @ParameterizedTest
    @ValueSource(strings = {PREDICATE, NULLS})
    void failsWhenTheWorkChangesNoneAndNobodyCanTellTheRowsApart(String strategy) {
        rows(300);
        fixture.queue(WORK, strategy, "v", 100, 50);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction touching = context -> {
            calls.incrementAndGet();
            context.update("n = n + 1");
            return 0;
        };

        fixture.engine(Map.of(WORK, touching.withPending("v IS NULL"))).runToEnd(List.of(), () -> calls.get() > 200);

        assertThat(calls).hasValueLessThan(200);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("14");
    }

    @Test
    void tripsTheLimitOfAttemptsWithoutPilingUpRows() {
        rows(300);
        fixture.queue(WORK, PREDICATE, "", 100, 50);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction throwing = context -> {
            calls.incrementAndGet();
            throw EngineFixture.away("always");
        };

        fixture.drain(Map.of(WORK, throwing.withPending("v IS NULL")));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("4");
        assertThat(fixture.jobs("m", "1")).hasSizeLessThanOrEqualTo(2);
        assertThat(calls).hasValueBetween(5, 10);
    }

    @Test
    void finishesWhereNothingIsPending() {
        rows(0);
        fixture.queue(WORK, PREDICATE, "", 100, 50);

        assertThat(fixture.drain(Map.of(WORK, DO_ONE)).isComplete()).isTrue();

        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }
}
