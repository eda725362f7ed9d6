package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Migrations on different tables run side by side, those on one table one after the other, whatever partition they name. */
@ExtendWith(PostgresExtension.class)
class TableTurnsTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    TableTurnsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void allowMuch() {
        database.execute("""
                UPDATE batched_background_migration_budgets SET batch_jobs = 6;
                CREATE TABLE t.tree (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0) PARTITION BY RANGE (id);
                CREATE TABLE t.low PARTITION OF t.tree FOR VALUES FROM (1) TO (101);
                CREATE TABLE t."High" PARTITION OF t.tree FOR VALUES FROM (101) TO (201);
                INSERT INTO t.tree (id) SELECT generate_series(1, 200)
                """);
        fixture.items(1, 200);
    }

    @Test
    void differentTablesRunSideBySide() {
        queue("items", "t.items");
        queue("low", "t.low");

        assertThat(planned()).containsExactlyInAnyOrder("items", "items", "items", "low", "low", "low");
    }

    @Test
    void aPartitionAndItsRootAreOneTable() {
        queue("low", "t.low");
        queue("high", "t.\"High\"");
        queue("tree", "t.tree");

        assertThat(planned()).containsOnly("low");
        assertThat(database.column("SELECT root_table FROM batched_background_migrations ORDER BY id LIMIT 1"))
                .containsExactly("t.tree");
        List<String> order = order();
        assertThat(new LinkedHashSet<>(order)).containsExactly("low", "high", "tree");
        assertThat(order.lastIndexOf("low")).isLessThan(order.indexOf("high"));
        assertThat(order.lastIndexOf("high")).isLessThan(order.indexOf("tree"));
        assertThat(database.column("SELECT DISTINCT n FROM t.tree")).containsExactly("2");
    }

    @Test
    void theClaimRefusesWhatAStaleTriggerWouldLetIn() {
        queue("low", "t.low");
        queue("tree", "t.tree");
        // A planner that knew of no budgets has cut both; then the rows are as they are now.
        database.execute("UPDATE batched_background_migration_budgets SET migrations = NULL");
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan();
        database.execute("UPDATE batched_background_migration_budgets SET migrations = 1 WHERE scope = 'table'");
        long low = job("low");
        long tree = job("tree");

        BatchOutcome[] inside = new BatchOutcome[1];
        engine.runner().run(tree, () -> {
            inside[0] = engine.runner().run(low, StopSignal.NEVER);
            return true;
        });

        assertThat(inside[0]).isEqualTo(new BatchOutcome.NotClaimed(low, BatchOutcome.Reason.LIMIT_REACHED));
        assertThat(engine.runner().run(low, StopSignal.NEVER)).isInstanceOf(BatchOutcome.Finished.class);
    }

    @Test
    void ofOneTableNeverMoreThanOneMigrationRunsHoweverManyClaim() {
        for (int i = 0; i < 4; i++) {
            queue("m" + i, i % 2 == 0 ? "t.low" : "t.tree");
        }
        database.execute("UPDATE batched_background_migration_budgets SET migrations = NULL, batch_jobs = 8");
        fixture.engine(Map.of()).planner().plan();
        List<Long> jobs = database.column("SELECT id FROM batched_background_migration_jobs ORDER BY random()").stream()
                .map(Long::valueOf)
                .toList();
        assertThat(jobs).hasSize(8);
        database.execute(
                "UPDATE batched_background_migration_budgets SET migrations = 1, batch_jobs = 3 WHERE scope = 'table'");
        CountDownLatch decided = new CountDownLatch(jobs.size());
        AtomicInteger granted = new AtomicInteger();

        List<Worker<String>> workers = jobs.stream()
                .map(job -> Worker.start(() -> {
                    String name = name(job);
                    BatchOutcome outcome = fixture.engine(Map.of()).runner().run(job, () -> {
                        granted.incrementAndGet();
                        decided.countDown();
                        return await(decided);
                    });
                    if (outcome instanceof BatchOutcome.NotClaimed) {
                        decided.countDown();
                        return "";
                    }
                    return name;
                }))
                .toList();
        List<String> names = workers.stream().map(Worker::result).toList();

        assertThat(granted.get()).isBetween(1, 3);
        assertThat(names.stream().filter(name -> !name.isEmpty()).distinct()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"status = 0", "job_signature_name = 'ofTomorrow'", "column_name = 'nothing'"})
    void oneThatCannotRunDoesNotHoldTheOthers(String change) {
        queue("sick", "t.tree");
        queue("next", "t.low");
        database.execute("UPDATE batched_background_migrations SET " + change + " WHERE name = 'sick'");

        assertThat(order()).containsOnly("next");
        assertThat(fixture.status("next")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void theBudgetOfATableLetsMoreInAtOnce() {
        queue("low", "t.low");
        queue("high", "t.\"High\"");
        queue("tree", "t.tree");
        fixture.engine(Map.of()).budgets().set(Budget.Subject.table("t.low"), Budget.Change.migrations(Limit.of(2)));

        assertThat(planned()).contains("low", "high").doesNotContain("tree");
    }

    @Test
    void followsATableThatIsAttachedElsewhere() {
        database.execute("CREATE TABLE t.late (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0)");
        queue("late", "t.late");
        planned();
        assertThat(fixture.of("late", "root_table")).isEqualTo("t.late");

        database.execute("ALTER TABLE t.tree ATTACH PARTITION t.late FOR VALUES FROM (201) TO (301)");
        planned();

        assertThat(fixture.of("late", "root_table")).isEqualTo("t.tree");
    }

    @Test
    void aHigherPriorityTakesTheTableAtTheNextBatch() {
        queue("first", "t.low");
        queue("urgent", "t.tree");
        assertThat(planned()).containsOnly("first");

        fixture.engine(Map.of()).store().setPriority("urgent", 1);

        assertThat(planned()).containsOnly("urgent");
    }

    private void queue(String name, String table) {
        long id = fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named(name)
                        .work(ItemsWork.ADD_ONE)
                        .table(table)
                        .byKey("id")
                        .batchSize(10)
                        .build());
        database.execute("UPDATE batched_background_migrations SET batch_size_fixed = true WHERE id = " + id);
    }

    private List<String> planned() {
        return fixture.engine(Map.of()).planner().plan().due().stream()
                .map(this::name)
                .toList();
    }

    private String name(long job) {
        return database.text("""
                SELECT m.name
                FROM batched_background_migrations m
                JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                WHERE j.id = ?
                """, job);
    }

    private long job(String migration) {
        return Long.parseLong(fixture.jobs(migration, "j.id").get(0));
    }

    /** The migration of each batch job, in the order in which one worker runs them. */
    private List<String> order() {
        List<String> names = new ArrayList<>();
        BatchedMigrations engine = fixture.engine(Map.of());
        for (int turn = 0; turn < 60; turn++) {
            List<Long> due = engine.planner().plan().due();
            for (long job : due) {
                names.add(name(job));
                engine.runner().run(job, StopSignal.NEVER);
            }
        }
        return names;
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
