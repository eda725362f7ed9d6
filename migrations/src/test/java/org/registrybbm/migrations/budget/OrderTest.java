package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Which batch job is next: running before active, then by id; new ones first, failed ones again afterwards. */
@ExtendWith(PostgresExtension.class)
class OrderTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    OrderTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(1, 1);
    }

    @Test
    void runsMigrationsInTheOrderOfTheirIds() {
        fixture.items(1, 30);
        fixture.queueItems("first", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("second", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("third", ItemsWork.ADD_ONE, 10);

        assertThat(order(fixture.engine(EngineFixture.SETTINGS)))
                .containsSubsequence("first", "second", "third")
                .isSortedAccordingTo(String::compareTo);
    }

    @Test
    void runsARunningMigrationBeforeAnActiveOneThatIsOlder() {
        fixture.items(1, 30);
        fixture.queueItems("older", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("running", ItemsWork.ADD_ONE, 10);
        fixture.setStatus("running", MigrationStatus.RUNNING);

        assertThat(order(fixture.engine(EngineFixture.SETTINGS)).get(0)).isEqualTo("running");
    }

    @Test
    void triesEveryBatchOnceBeforeItTriesAFailedOneAgain() {
        fixture.items(1, 50).queueItems("m", "failing", 10);
        List<Long> firsts = new ArrayList<>();
        AtomicInteger failures = new AtomicInteger();
        WorkFunction failing = context -> {
            long first = ItemsWork.firstKey(context);
            firsts.add(first);
            if (first == 11 && failures.incrementAndGet() <= 2) {
                throw EngineFixture.away("not yet");
            }
            return ItemsWork.addOne(context);
        };

        fixture.engine(EngineFixture.SETTINGS, Map.of("failing", failing)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(firsts).containsExactly(1L, 11L, 21L, 31L, 41L, 11L, 11L);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void runsFailedMigrationsFirstWhenAllAreRunToTheirEnd() {
        fixture.items(1, 30);
        fixture.queueItems("a", "noting", 30);
        fixture.queueItems("b", "noting", 30);
        database.execute("UPDATE batched_background_migrations SET column_name = 'v' WHERE name = 'a'");
        fixture.setStatus("b", MigrationStatus.FAILED);
        database.execute("UPDATE t.items SET v = id; ALTER TABLE t.items ADD UNIQUE (v)");
        List<String> columns = new ArrayList<>();

        fixture.runAll(Map.of("noting", context -> {
            columns.add(context.column());
            return 0;
        }));

        assertThat(columns.get(0)).isEqualTo("id");
        assertThat(fixture.status("a")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(fixture.status("b")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void aMigrationThatWaitsForARetryDoesNotHoldUpTheNext() {
        fixture.items(1, 30);
        fixture.queueItems("waiting", "throwing", 30);
        fixture.queueItems("next", ItemsWork.ADD_ONE, 30);
        EngineSettings patient = EngineFixture.SETTINGS.toBuilder()
                .retryDelay(Duration.ofSeconds(5))
                .build();
        BatchedMigrations engine = fixture.engine(patient, Map.of("throwing", context -> {
            throw EngineFixture.away("no");
        }));

        for (int turn = 0; turn < 8; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }

        assertThat(fixture.status("next")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(fixture.jobs("waiting", "j.status || ' ' || (retry_at > clock_timestamp())"))
                .contains("3 true");
    }

    private List<String> order(BatchedMigrations engine) {
        List<String> names = new ArrayList<>();
        for (int turn = 0; turn < 30; turn++) {
            Planner.Plan plan = engine.planner().plan();
            if (plan.active() == 0) {
                break;
            }
            for (long job : plan.due()) {
                names.add(database.text("""
                        SELECT m.name
                        FROM batched_background_migrations m
                        JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                        WHERE j.id = ?
                        """, job));
                engine.runner().run(job, StopSignal.NEVER);
            }
        }
        return names;
    }
}
