package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** How many batch jobs run at once: exact, whoever claims. */
@ExtendWith(PostgresExtension.class)
class LimitsTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    LimitsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "5, 3", "3, 5"})
    @Sample(oneOf = 2)
    void grantsExactlyAsManyLeasesAsTheLimitsSay(int fleet, int perMigration) {
        fixture.items(1, 200);
        fixture.queueItems("a", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("b", ItemsWork.ADD_ONE, 10);
        // As many due batch jobs as a great fleet would cut.
        fixture.limits(1000, 8).engine(EngineFixture.SETTINGS).planner().plan();
        List<Long> jobs = database.column("SELECT id FROM batched_background_migration_jobs ORDER BY id").stream()
                .map(Long::valueOf)
                .toList();
        assertThat(jobs).hasSize(16);
        fixture.limits(fleet, perMigration);
        CountDownLatch start = new CountDownLatch(1);
        CountDownLatch decided = new CountDownLatch(jobs.size());
        AtomicInteger granted = new AtomicInteger();

        List<Worker<BatchOutcome>> workers = jobs.stream()
                .map(job -> Worker.start(() -> {
                    await(start);
                    BatchOutcome outcome = fixture.engine(EngineFixture.SETTINGS)
                            .runner()
                            .run(job, () -> {
                                // Claimed: keeps the lease until everybody has asked for one.
                                granted.incrementAndGet();
                                decided.countDown();
                                await(decided);
                                return true;
                            });
                    if (outcome instanceof BatchOutcome.NotClaimed) {
                        decided.countDown();
                    }
                    return outcome;
                }))
                .toList();
        start.countDown();
        List<BatchOutcome> outcomes = workers.stream().map(Worker::result).toList();

        assertThat(granted).hasValue(Math.min(fleet, 2 * perMigration));
        assertThat(outcomes)
                .filteredOn(BatchOutcome.NotClaimed.class::isInstance)
                .allSatisfy(refused -> assertThat(((BatchOutcome.NotClaimed) refused).reason())
                        .isEqualTo(BatchOutcome.Reason.LIMIT_REACHED))
                .hasSize(16 - granted.get());
        assertThat(fixture.jobs("a", "attempts")).containsOnly("0");
    }

    @Test
    void plansNoMoreThanTheLimitsLeave() {
        fixture.items(1, 200);
        fixture.queueItems("a", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("b", ItemsWork.ADD_ONE, 10);

        Planner planner = fixture.limits(5, 3).engine(EngineFixture.SETTINGS).planner();
        assertThat(planner.plan().due()).hasSize(5);
        assertThat(fixture.jobs("a", "1")).hasSize(3);
        assertThat(fixture.jobs("b", "1")).hasSize(2);
        assertThat(planner.plan().due()).as("the same ones, not more").hasSize(5);

        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = 1, lease_until = clock_timestamp() + interval '1 hour'
                WHERE id = (SELECT min(id) FROM batched_background_migration_jobs)
                """);
        assertThat(planner.plan().due()).hasSize(4);
    }

    @Test
    void countsALeaseThatRanOutWhileItsSubBatchIsStillUnderWay() {
        EngineSettings shortLease = EngineFixture.SETTINGS.toBuilder()
                .idleInTransactionTimeout(Duration.ofSeconds(30))
                .lease(Duration.ofSeconds(1))
                .missingCode(Duration.ZERO)
                .build();
        fixture.limits(1, 1).items(1, 100).queueItems("slow", "slow", 100);
        fixture.queueItems("other", ItemsWork.ADD_ONE, 100);
        Worker.Gate gate = new Worker.Gate();
        BatchedMigrations engine = fixture.engine(shortLease, Map.of("slow", context -> {
            gate.pass();
            return 0;
        }));
        long job = engine.planner().plan().due().get(0);
        Worker<BatchOutcome> slow = Worker.start(() -> engine.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();
        org.awaitility.Awaitility.await()
                .until(() -> database.number(
                                "SELECT count(*) FROM batched_background_migration_jobs WHERE lease_until < clock_timestamp()")
                        == 1);
        database.execute("""
                INSERT INTO batched_background_migration_jobs (batched_background_migration_id, min_value, max_value)
                SELECT id, 1, 100 FROM batched_background_migrations WHERE name = 'other'
                """);
        long other = database.number("SELECT max(id) FROM batched_background_migration_jobs");

        BatchOutcome outcome = engine.runner().run(other, StopSignal.NEVER);
        List<Long> due = engine.planner().plan().due();
        gate.open();

        assertThat(outcome).isEqualTo(new BatchOutcome.NotClaimed(other, BatchOutcome.Reason.LIMIT_REACHED));
        assertThat(due).isEmpty();
        assertThat(slow.result()).isInstanceOf(BatchOutcome.Finished.class);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
