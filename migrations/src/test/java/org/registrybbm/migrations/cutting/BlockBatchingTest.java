package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.ConcurrentChange;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Ranges of blocks, in a table without any key, while its rows move about. */
@ExtendWith(PostgresExtension.class)
class BlockBatchingTest {
    private static final String WORK = "work";
    private static final String BLOCKS = "BlockBatchingStrategy";

    private final EngineFixture fixture;
    private final TestDatabase database;

    BlockBatchingTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (id bigint, todo boolean NOT NULL DEFAULT true, n int NOT NULL DEFAULT 0, v text)
                WITH (autovacuum_enabled = false)
                """);
    }

    private void rows(int rows) {
        database.execute("INSERT INTO t.items (id) SELECT generate_series(1, %d)".formatted(rows));
    }

    private static final WorkFunction DO_ONE =
            ((WorkFunction) context -> context.update("n = n + 1, todo = false")).withPending("todo");

    private RunResult run(WorkFunction work) {
        fixture.queue(WORK, BLOCKS, "", 1_000, 300);
        return fixture.drain(Map.of(WORK, work));
    }

    private void assertEachOnce() {
        fixture.assertEachItemChangedOnce();
        assertThat(database.column("SELECT id FROM t.items WHERE todo")).isEmpty();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5_000})
    void changesEachRowOnce(int rows) {
        rows(rows);

        assertThat(run(DO_ONE).isComplete()).isTrue();

        assertEachOnce();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | UPDATE t.items SET v = 'moved'",
                "4 | UPDATE t.items SET v = 'moved' WHERE id % 2 = 0",
                "4 | DELETE FROM t.items WHERE id < 3000; VACUUM t.items; UPDATE t.items SET v = 'to the front' WHERE id > 4000",
                "4 | INSERT INTO t.items (id) SELECT generate_series(10001, 12000)",
                "4 | DELETE FROM t.items WHERE id < 2000; VACUUM t.items; INSERT INTO t.items (id) SELECT generate_series(10001, 12000)",
                "4 | DELETE FROM t.items WHERE id % 100 > 0",
                "4 | DELETE FROM t.items WHERE id > 100; VACUUM t.items",
                "4 | UPDATE t.items SET v = repeat(md5(id::text), 300)",
            })
    @Sample(oneOf = 3)
    void changesEachRowOnceWhileOthersMoveThem(int subBatch, String sql) {
        rows(5_000);

        String[] statements = sql.split("; ");
        AtomicInteger calls = new AtomicInteger();
        WorkFunction work = context -> {
            if (calls.incrementAndGet() == subBatch) {
                for (String statement : statements) {
                    database.execute(statement);
                }
            }
            return DO_ONE.migrate(context);
        };

        assertThat(run(work.withPending("todo")).isComplete()).isTrue();

        assertEachOnce();
    }

    @Test
    void goesOnInATableThatWasTruncatedAndFilledAnew() {
        rows(5_000);
        fixture.queue(WORK, BLOCKS, "", 1_000, 300);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, DO_ONE));
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));

        List<Long> due = engine.planner().plan().due();
        database.execute("TRUNCATE t.items");
        rows(300);
        due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));

        assertThat(fixture.drain(Map.of(WORK, DO_ONE)).isComplete()).isTrue();
        assertEachOnce();
    }

    @Test
    void changesBloatedAndWideTablesByTheirRows() {
        database.execute("""
                INSERT INTO t.items (id, v) SELECT i, string_agg(md5((i * j)::text), '')
                FROM generate_series(1, 300) i, generate_series(1, 200) j GROUP BY i
                """);
        rows(20_000);
        database.execute("DELETE FROM t.items WHERE v IS NULL AND id % 200 > 0");
        database.execute("VACUUM ANALYZE t.items");

        assertThat(run(DO_ONE).isComplete()).isTrue();

        assertEachOnce();
    }

    @Test
    void walksThePartitionsOfATable() {
        database.execute("""
                DROP TABLE t.items;
                CREATE TABLE t.items (id bigint, todo boolean NOT NULL DEFAULT true, n int NOT NULL DEFAULT 0)
                PARTITION BY LIST ((id % 3));
                CREATE TABLE t.items_0 PARTITION OF t.items FOR VALUES IN (0);
                CREATE TABLE t.items_1 (todo boolean NOT NULL DEFAULT true, n int NOT NULL DEFAULT 0, gone text, id bigint);
                ALTER TABLE t.items_1 DROP COLUMN gone;
                ALTER TABLE t.items ATTACH PARTITION t.items_1 FOR VALUES IN (1);
                CREATE TABLE t.items_2 PARTITION OF t.items DEFAULT
                """);
        rows(3_000);

        assertThat(run(DO_ONE).isComplete()).isTrue();

        assertEachOnce();
        assertThat(fixture.of("m", "total_tuple_count")).isEqualTo("null");
    }

    @Test
    void givesTheRowsToAStatementThatJoinsOtherTables() {
        rows(3_000);
        database.execute("CREATE TABLE t.others AS SELECT id, true AS todo, 1 AS one FROM t.items");
        WorkFunction joined = context -> ItemsWork.update(
                context.connection(),
                "UPDATE t.items t SET n = t.n + o.one, todo = false FROM t.others o WHERE o.id = t.id AND "
                        + context.batch().predicate("t"));

        assertThat(run(joined.withPending("todo")).isComplete()).isTrue();

        assertEachOnce();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesARowOnceThatMovesFromUnderItWhileItIsLocked(boolean joined) {
        rows(3_000);
        database.execute("CREATE TABLE t.others AS SELECT id, 1 AS one FROM t.items");
        fixture.queue(WORK, BLOCKS, "", 1_000, 300);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction work = context -> {
            if (calls.incrementAndGet() > 1) {
                return DO_ONE.migrate(context);
            }
            // The row moves to another block and is done there by somebody else, after this statement has seen it.
            Worker<Boolean> other = ConcurrentChange.row(database, 17);
            long changed = joined
                    ? ItemsWork.update(
                            context.connection(),
                            "UPDATE t.items t SET n = t.n + o.one, todo = false FROM t.others o WHERE o.id = t.id AND "
                                    + context.batch().predicate("t"))
                    : DO_ONE.migrate(context);
            assertThat(other.result()).isTrue();
            return changed;
        };

        assertThat(fixture.drain(Map.of(WORK, work.withPending("todo"))).isComplete())
                .isTrue();

        assertEachOnce();
    }

    @Test
    void goesOnWhenTheOnlyRowMovesAwayBeforeTheWork() {
        rows(3_000);
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (id), ALTER v SET STORAGE PLAIN");
        database.execute("UPDATE t.items SET todo = false, n = 1 WHERE id <> 1");
        AtomicInteger calls = new AtomicInteger();
        WorkFunction work = context -> {
            if (calls.incrementAndGet() == 1) {
                database.execute("UPDATE t.items SET v = repeat('x', 8000) WHERE id = 1");
            }
            return DO_ONE.migrate(context);
        };

        assertThat(run(work.withPending("todo")).isComplete()).isTrue();

        assertEachOnce();
    }

    @Test
    void needsAWorkFunctionThatSaysWhatIsPending() {
        rows(10);

        run(context -> context.update("n = n + 1"));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("17");
    }

    @Test
    void failsWhenTheWorkDoesNothing() {
        rows(1_000);
        fixture.queue(WORK, BLOCKS, "", 1_000, 300);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction nothing = context -> {
            calls.incrementAndGet();
            return 0;
        };

        fixture.engine(Map.of(WORK, nothing.withPending("todo"))).runToEnd(List.of(), () -> calls.get() > 200);

        assertThat(calls).hasValueLessThan(200);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("14");
    }
}
