package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The ranges of batch jobs are compared when somebody may have left a gap between them, and not else. */
@ExtendWith(PostgresExtension.class)
class DoubtedRangesTest {
    private static final String WORK = "onlyTodo";
    private static final String COMPARES_NUMBERS = "ROWS BETWEEN UNBOUNDED PRECEDING";
    private static final String COMPARES_KEYS = "jsonb_hash_extended(after_key";

    private final EngineFixture fixture;
    private final TestDatabase database;

    DoubtedRangesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(100, 100);
    }

    private void queue(String column, int batch) {
        fixture.items(1, 200);
        database.execute("ALTER TABLE t.items ADD name text; UPDATE t.items SET name = 'n' || id;"
                + " ALTER TABLE t.items ALTER name SET NOT NULL; CREATE UNIQUE INDEX ON t.items (name)");
        fixture.queue(ItemsWork.ADD_ONE, null, column, batch, batch);
    }

    @ParameterizedTest
    @ValueSource(strings = {"id", "name"})
    void aRunThatNobodyDisturbsComparesNone(String column) {
        queue(column, 10);
        StatementLog log = new StatementLog(database);

        runToEnd(log);

        fixture.assertEachItemChangedOnce();
        assertThat(log.statements()).noneMatch(sql -> sql.contains(COMPARES_NUMBERS) || sql.contains(COMPARES_KEYS));
        assertThat(walks("contiguous")).containsOnly("t");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM batched_background_migration_jobs WHERE id = (SELECT min(id) FROM batched_background_migration_jobs)",
                "DELETE FROM batched_background_migration_jobs",
                "TRUNCATE batched_background_migration_jobs",
                "UPDATE batched_background_migration_jobs SET min_value = min_value + 1",
                "UPDATE batched_background_migration_jobs SET max_value = max_value - 1 WHERE id % 2 = 0",
                "UPDATE batched_background_migration_jobs SET after_key = '[\"7\"]'",
                "UPDATE batched_background_migration_jobs SET through_key = '[\"7\"]'",
                "UPDATE batched_background_migration_jobs SET walk_id = NULL",
                "UPDATE batched_background_migration_jobs SET walk_id = walk_id + 1",
                """
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value)
                SELECT id, 7, 8 FROM batched_background_migrations
                """,
            })
    void aStatementThatMayLeaveAGapIsNoticed(String statement) {
        queue("id", 50);
        fixture.engine(Map.of()).planner().plan();
        assertThat(walks("contiguous")).containsExactly("t");

        EngineRole.of(database).execute(statement.startsWith("TRUNCATE") ? "SELECT" : statement);
        database.execute(statement.startsWith("TRUNCATE") ? statement : "SELECT");

        assertThat(walks("contiguous")).containsExactly("f");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE batched_background_migration_jobs SET min_value = min_value",
                "UPDATE batched_background_migration_jobs SET status = 3, attempts = 2, last_key = '[\"7\"]'",
                "DELETE FROM batched_background_migration_jobs WHERE false",
            })
    void oneThatCannotIsNot(String statement) {
        queue("id", 50);
        fixture.engine(Map.of()).planner().plan();

        database.execute(statement);

        assertThat(walks("contiguous")).containsExactly("t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"id", "name"})
    void afterAGapWasFilledTheyAreComparedOnceMoreAndTrusted(String column) {
        queue(column, 50);
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan();
        database.execute("DELETE FROM batched_background_migration_jobs WHERE id ="
                + " (SELECT min(id) + 1 FROM batched_background_migration_jobs)");
        StatementLog log = new StatementLog(database);

        runToEnd(log);

        fixture.assertEachItemChangedOnce();
        assertThat(log.statements().stream()
                        .filter(sql -> sql.contains(COMPARES_NUMBERS) || sql.contains(COMPARES_KEYS)))
                .hasSize(2);
        assertThat(walks("contiguous")).containsOnly("t");
    }

    @Test
    void movedBoundsAreSeenAlthoughNoBatchJobWasTouched() {
        queue("id", 50);
        database.execute("UPDATE batched_background_migrations SET min_value = 51, max_value = 150");
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        assertThat(walks("contiguous")).containsExactly("t");
        database.execute("UPDATE batched_background_migrations SET min_value = 1, max_value = 200");

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void theEndOfManyPartitionsTakesNoStatementForEach() {
        int few = statementsOfLastPlan(5);
        int many = statementsOfLastPlan(60);

        assertThat(many).isEqualTo(few);
    }

    private int statementsOfLastPlan(int partitions) {
        EngineFixture.clean(database).limits(100, 100);
        database.execute(
                "CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0) PARTITION BY RANGE (id);"
                        + IntStream.range(0, partitions)
                                .mapToObj(i -> "CREATE TABLE t.p%d PARTITION OF t.items FOR VALUES FROM (%d) TO (%d);"
                                        .formatted(i, 10 * i, 10 * i + 10))
                                .collect(Collectors.joining())
                        + "INSERT INTO t.items (id) SELECT generate_series(0, %d)".formatted(10 * partitions - 1));
        fixture.queueItems("m", ItemsWork.ADD_ONE, 100);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        assertThat(due).hasSize(partitions);
        due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        // Each of them ends without a batch job more.
        engine.planner().plan(1);
        database.execute("UPDATE batched_background_migrations SET status = 1, finished_at = NULL");
        StatementLog log = new StatementLog(database);

        BatchedMigrations.on(log)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .build()
                .planner()
                .plan(1);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        return log.statements().size();
    }

    private void runToEnd(StatementLog log) {
        RunResult result = BatchedMigrations.on(log)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .build()
                .runToEnd(List.of(), StopSignal.NEVER);
        assertThat(result.isComplete()).isTrue();
    }

    private List<String> walks(String expression) {
        return database.column("SELECT " + expression + " FROM batched_background_migration_walks ORDER BY id");
    }
}
