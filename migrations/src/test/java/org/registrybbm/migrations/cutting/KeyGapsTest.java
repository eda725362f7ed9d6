package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Batch jobs that somebody deleted before they ran: their part of the table is found and run before the end. */
@ExtendWith(PostgresExtension.class)
class KeyGapsTest {
    private static final String WORK = "onlyTodo";

    private final EngineFixture fixture;
    private final TestDatabase database;

    KeyGapsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(100, 100);
    }

    static Stream<Arguments> tablesAndJobs() {
        List<String> plain = List.of(
                "(k text PRIMARY KEY, id bigint, n int NOT NULL DEFAULT 0)",
                "(k uuid, id bigint, n int NOT NULL DEFAULT 0)",
                "(k timestamptz, id bigint, n int NOT NULL DEFAULT 0) PARTITION BY HASH (k)",
                "(k bigint, id bigint, n int NOT NULL DEFAULT 0) PARTITION BY HASH (k)");
        List<String> jobs = List.of(
                "id = (SELECT min(id) FROM batched_background_migration_jobs)",
                "id IN (SELECT id FROM batched_background_migration_jobs ORDER BY id OFFSET 1 LIMIT 2)",
                "id = (SELECT max(id) FROM batched_background_migration_jobs)",
                "id IN (SELECT max(id) FROM batched_background_migration_jobs GROUP BY walk_id)",
                "true");
        return plain.stream().flatMap(table -> jobs.stream().map(which -> Arguments.of(table, which)));
    }

    @ParameterizedTest
    @MethodSource("tablesAndJobs")
    @Sample(oneOf = 4)
    void areRunBeforeTheEnd(String table, String which) {
        String type = table.substring(3, table.indexOf(' ', 3)).replace(",", "");
        String value = Map.of(
                        "text", "'k' || i",
                        "uuid", "md5(i::text)::uuid",
                        "bigint", "i * 3",
                        "timestamptz", "'2020-01-01'::timestamptz + i * interval '1 h'")
                .get(type);
        database.execute("CREATE TABLE t.items " + table);
        if (table.contains("PARTITION")) {
            database.execute("""
                    CREATE TABLE t.items_0 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                    CREATE TABLE t.items_1 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 1)
                    """);
        }
        database.execute("CREATE INDEX ON t.items (k); INSERT INTO t.items (k, id) SELECT " + value
                + ", i FROM generate_series(1, 200) i");
        fixture.queue(ItemsWork.ADD_ONE, null, "k", 50, 20);
        BatchedMigrations engine = fixture.engine(Map.of());
        assertThat(engine.planner().plan().due()).hasSizeGreaterThan(4);

        database.execute("DELETE FROM batched_background_migration_jobs WHERE " + which);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @MethodSource("strategies")
    @Sample(oneOf = 3)
    void areRunBeforeTheEndOfEachPass(String strategy, int done) {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, todo boolean NOT NULL DEFAULT true, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items (id) SELECT generate_series(1, 400)
                """);
        WorkFunction work = context -> context.update("n = n + 1, todo = false");
        fixture.queue(WORK, strategy, "id", 100, 100);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, work.withPending("todo")));
        for (List<Long> due = List.of();
                passes() == 0;
                due = engine.planner().plan().due()) {
            due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        database.execute("UPDATE t.items SET todo = true, n = 0 WHERE id = " + done);
        database.execute("""
                DELETE FROM batched_background_migration_jobs
                WHERE walk_id IN (SELECT id FROM batched_background_migration_walks WHERE kind = 'verify' OR pass = 2)
                """);

        assertThat(fixture.drain(Map.of(WORK, work.withPending("todo"))).isComplete())
                .isTrue();
        fixture.assertEachItemChangedOnce();
        assertThat(database.column("SELECT id FROM t.items WHERE todo")).isEmpty();
    }

    private long passes() {
        return database.number(
                "SELECT count(*) FROM batched_background_migration_walks WHERE kind = 'verify' OR pass = 2");
    }

    static Stream<Arguments> strategies() {
        return Stream.of(Arguments.of(null, 7), Arguments.of(null, 399), Arguments.of("BlockBatchingStrategy", 7));
    }
}
