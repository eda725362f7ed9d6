package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 9: whatever stands still says why. */
@ExtendWith(PostgresExtension.class)
class ExplanationTest {
    private final EngineFixture fixture;
    private Connection present;
    private final TestDatabase database;

    ExplanationTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** As a replica would. */
    @BeforeEach
    void bePresent() throws SQLException {
        present = database.getConnection();
        try (Statement statement = present.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(" + ((0x62626DL << 40) + 1) + ")");
        }
    }

    @AfterEach
    void leave() throws SQLException {
        present.close();
    }

    @Test
    void saysThatNoReplicaIsThere() throws SQLException {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        present.close();
        await().until(() -> database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0);

        assertThat(explanation())
                .isEqualTo("waits for a replica, but none shows itself on this database;"
                        + " behind a pooler they show themselves only while they work");
    }

    @Test
    void explainsEachSituation() {
        fixture.items(1, 100).queueItems("m", "switched", 10);
        assertThat(explanation()).isEqualTo("waits for its turn");

        fixture.setStatus("m", MigrationStatus.PAUSED);
        assertThat(explanation()).startsWith("paused");
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        BatchedMigrations engine = fixture.engine(Map.of("switched", context -> {
            throw EngineFixture.away("the reason");
        }));
        List<Long> due = engine.planner().plan().due();
        assertThat(explanation()).isEqualTo("waits for a worker that is free");

        engine.runner().run(due.get(0), () -> {
            assertThat(explanation()).isEqualTo("running on lab");
            return true;
        });

        database.execute("DELETE FROM batched_background_migration_jobs WHERE id <> " + due.get(0));
        engine.runner().run(due.get(0), StopSignal.NEVER);
        assertThat(explanation()).startsWith("waits to try 1 failed batch job again: thrown at ");
        database.execute(
                "UPDATE batched_background_migration_jobs SET retry_at = clock_timestamp() + interval '9.5 s'");
        assertThat(explanation()).matches("waits to try 1 failed batch job again, the first in (9|10) s: thrown at .*");

        engine.runToEnd(List.of(), StopSignal.NEVER);
        assertThat(explanation()).startsWith("max_job_retry: batch job").contains("last: thrown at ");

        fixture.runAll(Map.of("switched", ItemsWork::addOne));
        assertThat(explanation()).isEqualTo("every batch is done; not verified");
    }

    @Test
    void explainsThatNoReplicaHasTheCode() {
        fixture.items(1, 100).queueItems("m", "ofTomorrow", 10);

        fixture.engine(Map.of()).planner().plan();

        assertThat(explanation())
                .startsWith("no replica that looked has the code of its work function or strategy, since ");
    }

    @Test
    void explainsAFailureThatNobodyWroteDown() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        fixture.setStatus("m", MigrationStatus.FAILED);
        assertThat(explanation()).isEqualTo("failed; no reason was recorded");

        database.execute("UPDATE batched_background_migrations SET failure_error_code = 4");
        assertThat(explanation()).isEqualTo("max_job_retry: no message was recorded");

        database.execute("UPDATE batched_background_migrations SET failure_error_code = 999");
        assertThat(explanation()).isEqualTo("unknown: no message was recorded");
    }

    @Test
    void countsTakeoversAndNamesTheReplicasAtWork() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        List<Long> due = fixture.engine(Map.of()).planner().plan().due();
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = id, lease_owner = 'replica-' || id, takeover_count = 2,
                    lease_until = clock_timestamp() + interval '1 hour'
                """);

        MigrationOverview overview =
                fixture.engine(Map.of()).status().overviews(List.of("m")).get(0);

        assertThat(overview.replicas()).containsExactlyInAnyOrder("replica-" + due.get(0), "replica-" + due.get(1));
        assertThat(overview.takeovers()).isEqualTo(4);
        assertThat(overview.activeJobs()).isEqualTo(2);
    }

    @Test
    void saysWhichBudgetIsUsedUp() {
        fixture.items(1, 100).queueItems("first", ItemsWork.ADD_ONE, 10);
        database.execute("CREATE TABLE t.others (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0)");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.others")
                        .byKey("id")
                        .batchSize(10)
                        .build());
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan();
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 1 WHERE scope = 'fleet'");

        engine.runner().run(Long.parseLong(fixture.jobs("first", "j.id").get(0)), () -> {
            assertThat(explanation()).isEqualTo("waits for a free batch job: fleet budget 1 of 1 used");
            return true;
        });

        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 0 WHERE scope = 'fleet'");
        assertThat(explanation()).isEqualTo("stopped by the fleet's budget, which is 0 batch jobs");
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 2 WHERE scope = 'fleet'");
        database.execute(
                "INSERT INTO batched_background_migration_budgets (scope, subject, batch_jobs) VALUES ('migration', 'm', 0)");
        assertThat(explanation()).isEqualTo("stopped by its own budget, which is 0 batch jobs");
    }

    @Test
    void namesTheMigrationThatIsInFrontOnTheSameTable() {
        fixture.items(1, 100).queueItems("first", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 10);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        assertThat(explanation()).isEqualTo("waits for 'first' on the same table");

        engine.runner().run(due.get(0), () -> {
            fixture.setStatus("first", MigrationStatus.PAUSED);
            assertThat(explanation()).isEqualTo("waits for 'first' on the same table");
            return true;
        });

        assertThat(explanation()).isEqualTo("waits for its turn");
    }

    @Test
    void namesOneOfManyMigrationsThatAreInFrontOnTheSameTable() {
        fixture.items(1, 100).queueItems("first", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("second", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 10);
        fixture.engine(Map.of()).planner().plan();
        assertThat(explanation()).isEqualTo("waits for 'first' and 1 other on the same table");

        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, priority)
                SELECT 'later ' || n, 1, 10, 10, 1, job_signature_name, table_name, column_name, 1
                FROM batched_background_migrations, generate_series(1, 60) AS n
                WHERE name = 'm'
                """);
        assertThat(explanation()).endsWith(" and 61 others on the same table").hasSizeLessThan(60);
    }

    @Test
    void saysHowFastItMayGo() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = engine.planner().plan().due().get(0);
        engine.budgets().set(Budget.Subject.FLEET, Budget.Change.rowsPerSecond(Limit.of(70)));

        engine.runner().run(job, () -> {
            assertThat(explanation()).isEqualTo("running on lab, at most 70 rows a second together with the others");
            engine.budgets().set(Budget.Subject.migration("m"), Budget.Change.rowsPerSecond(Limit.of(60)));
            assertThat(explanation()).isEqualTo("running on lab, at most 60 rows a second");
            return true;
        });
    }

    private String explanation() {
        return fixture.engine(Map.of()).status().overviews(List.of("m")).get(0).explanation();
    }

    /** Else those that look for work would plan, and fail it, only by chance. */
    @Test
    void whoLooksForWorkHearsThatTheCodeHasBeenMissingForTooLong() {
        fixture.items(1, 100).queueItems("m", "ofTomorrow", 10);
        EngineSettings.Timeouts shipped = EngineFixture.SETTINGS.timeouts();
        Planner planner = fixture.engine(EngineFixture.SETTINGS.toBuilder()
                        .statementTimeout(shipped.statement())
                        .lockTimeout(shipped.lock())
                        .idleInTransactionTimeout(shipped.idleInTransaction())
                        .lease(shipped.lease())
                        .retryDelay(shipped.retryDelay())
                        .missingCode(Duration.ofSeconds(2))
                        .build())
                .planner();
        planner.plan();
        long before = planner.outlook();

        await().atMost(Duration.ofSeconds(20)).until(() -> planner.outlook() != before);

        planner.plan();
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
    }
}
