package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A budget that is lowered while batch jobs run: those that came last give way after their sub-batch. */
@ExtendWith(PostgresExtension.class)
class BudgetChangesTest {
    private final EngineFixture fixture;
    private final TestDatabase database;
    private final Map<Long, Worker<BatchOutcome>> running = new ConcurrentHashMap<>();
    private volatile boolean stopping;

    BudgetChangesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @AfterEach
    void stop() {
        stopping = true;
        running.values().forEach(Worker::result);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            scope = 'fleet'     | 3 | 3
            scope = 'fleet'     | 1 | 1
            scope = 'fleet'     | 0 | 0
            scope = 'migration' | 1 | 2
            scope = 'migration' | 0 | 0
            scope = 'table'     | 3 | 3
            """)
    @Sample(oneOf = 3)
    void theYoungestGiveWay(String scope, int batchJobs, int left) {
        List<Long> jobs = fourAtWork();

        database.execute(
                "UPDATE batched_background_migration_budgets SET batch_jobs = %d WHERE %s".formatted(batchJobs, scope));

        awaitRunning(left);
        // a1, b1, a2, b2: of each scope the first ones stay.
        List<Long> expected =
                scope.contains("migration") && left == 2 ? List.of(jobs.get(0), jobs.get(1)) : jobs.subList(0, left);
        assertThat(stillRunning()).containsExactlyInAnyOrderElementsOf(expected);
        running.forEach((job, worker) -> {
            if (!expected.contains(job)) {
                assertThat(worker.result())
                        .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.LIMIT_REACHED));
            }
        });
        assertThat(database.column(
                        "SELECT DISTINCT attempts FROM batched_background_migration_jobs WHERE lease_token IS NULL"))
                .isSubsetOf("0");
    }

    @Test
    void theMigrationThatCameLastGivesWayOnATable() {
        List<Long> jobs = fourAtWork();

        database.execute("UPDATE batched_background_migration_budgets SET migrations = 1 WHERE scope = 'table'");

        awaitRunning(2);
        assertThat(stillRunning()).containsExactly(jobs.get(0), jobs.get(2));
    }

    @Test
    void oneThatWaitsForItsPaceGivesWayToo() {
        database.execute("UPDATE batched_background_migration_budgets SET rows_per_second = 1 WHERE scope = 'fleet'");
        fourAtWork();

        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 0 WHERE scope = 'fleet'");

        awaitRunning(0);
    }

    @Test
    void aDeadWorkersOlderLeaseMakesNobodyGiveWay() {
        List<Long> jobs = fourAtWork();
        database.execute("""
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status, lease_token, lease_until)
                SELECT min(id), 0, 0, 1, 0, clock_timestamp() - interval '1 second' FROM batched_background_migrations;
                UPDATE batched_background_migration_budgets SET batch_jobs = 4 WHERE scope = 'fleet'
                """);

        long rows = rows();
        await().atMost(Duration.ofSeconds(20)).until(() -> rows() > rows + 50);
        assertThat(stillRunning()).containsExactlyInAnyOrderElementsOf(jobs);
    }

    @Test
    void aSmallMigrationGetsTheNextBatchJobBesideABigOne() {
        fixture.limits(3, 3).items(1, 1_000);
        fixture.queueItems("big", ItemsWork.ADD_ONE, 10);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> first = engine.planner().plan().due();
        assertThat(first).hasSize(3);

        List<String> order = new ArrayList<>();
        // Two of the big one run; the third place becomes free after the small one was queued.
        engine.runner().run(first.get(0), () -> {
            engine.runner().run(first.get(1), () -> {
                engine.runner().run(first.get(2), StopSignal.NEVER);
                fixture.queueItems("small", ItemsWork.ADD_ONE, 500);
                for (long job : engine.planner().plan().due()) {
                    order.add(database.text("""
                            SELECT m.name
                            FROM batched_background_migrations m
                            JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                            WHERE j.id = ?
                            """, job));
                }
                return true;
            });
            return true;
        });

        assertThat(order).containsExactly("small");
    }

    /** Starts two batch jobs each of two migrations, in the order a1, b1, a2, b2; each sub-batch is one row and takes 20 ms. */
    private List<Long> fourAtWork() {
        fixture.limits(4, 2).items(1, 10_000);
        fixture.queueItems("a", "slowly", 1_000);
        fixture.queueItems("b", "slowly", 1_000);
        BatchedMigrations engine = fixture.engine(
                EngineFixture.SETTINGS.toBuilder()
                        .batchTarget(Duration.ZERO)
                        .subBatchTarget(Duration.ofMillis(10))
                        .build(),
                Map.of("slowly", context -> {
                    try (var statement = context.connection().createStatement()) {
                        statement.execute("SELECT pg_sleep(0.02)");
                    }
                    return 1;
                }));
        List<Long> jobs = engine.planner().plan().due();
        assertThat(jobs).hasSize(4);
        database.execute("UPDATE batched_background_migration_jobs SET sub_batch_size = 1");
        for (long job : jobs) {
            running.put(job, Worker.start(() -> engine.runner().run(job, () -> stopping)));
            await().until(() -> database.number(
                            "SELECT count(lease_token) FROM batched_background_migration_jobs WHERE id = ?", job)
                    == 1);
        }
        return jobs;
    }

    private long rows() {
        return database.number("SELECT coalesce(sum(covered_tuple_count), 0) FROM batched_background_migration_jobs");
    }

    private void awaitRunning(int count) {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> stillRunning().size() == count);
    }

    private List<Long> stillRunning() {
        return running.entrySet().stream()
                .filter(one -> !one.getValue().isDone())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }
}
