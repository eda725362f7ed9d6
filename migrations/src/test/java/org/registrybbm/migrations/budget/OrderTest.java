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
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Which batch job is next: running before active, then by id; new ones first, failed ones again afterwards. */
@ExtendWith(PostgresExtension.class)
class OrderTest {
    private final Lab lab;
    private final TestDatabase database;

    OrderTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database).limits(1, 1);
    }

    @Test
    void runsMigrationsInTheOrderOfTheirIds() {
        lab.items(1, 30);
        lab.queueItems("first", Lab.ADD_ONE, 10);
        lab.queueItems("second", Lab.ADD_ONE, 10);
        lab.queueItems("third", Lab.ADD_ONE, 10);

        assertThat(order(lab.engine(Lab.SETTINGS)))
                .containsSubsequence("first", "second", "third")
                .isSortedAccordingTo(String::compareTo);
    }

    @Test
    void runsARunningMigrationBeforeAnActiveOneThatIsOlder() {
        lab.items(1, 30);
        lab.queueItems("older", Lab.ADD_ONE, 10);
        lab.queueItems("running", Lab.ADD_ONE, 10);
        lab.setStatus("running", MigrationStatus.RUNNING);

        assertThat(order(lab.engine(Lab.SETTINGS)).get(0)).isEqualTo("running");
    }

    @Test
    void triesEveryBatchOnceBeforeItTriesAFailedOneAgain() {
        lab.items(1, 50).queueItems("m", "failing", 10);
        List<Long> firsts = new ArrayList<>();
        AtomicInteger failures = new AtomicInteger();
        WorkFunction failing = context -> {
            long first = Lab.firstKey(context);
            firsts.add(first);
            if (first == 11 && failures.incrementAndGet() <= 2) {
                throw Lab.away("not yet");
            }
            return Lab.addOne(context);
        };

        lab.engine(Lab.SETTINGS, Map.of("failing", failing)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(firsts).containsExactly(1L, 11L, 21L, 31L, 41L, 11L, 11L);
        lab.assertEachItemChangedOnce();
    }

    @Test
    void runsFailedMigrationsFirstWhenAllAreRunToTheirEnd() {
        lab.items(1, 30);
        lab.queueItems("a", "noting", 30);
        lab.queueItems("b", "noting", 30);
        database.execute("UPDATE batched_background_migrations SET column_name = 'v' WHERE name = 'a'");
        lab.setStatus("b", MigrationStatus.FAILED);
        database.execute("UPDATE t.items SET v = id; ALTER TABLE t.items ADD UNIQUE (v)");
        List<String> columns = new ArrayList<>();

        lab.runAll(Map.of("noting", context -> {
            columns.add(context.column());
            return 0;
        }));

        assertThat(columns.get(0)).isEqualTo("id");
        assertThat(lab.status("a")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(lab.status("b")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void aMigrationThatWaitsForARetryDoesNotHoldUpTheNext() {
        lab.items(1, 30);
        lab.queueItems("waiting", "throwing", 30);
        lab.queueItems("next", Lab.ADD_ONE, 30);
        EngineSettings patient =
                Lab.SETTINGS.toBuilder().retryDelay(Duration.ofSeconds(5)).build();
        BatchedMigrations engine = lab.engine(patient, Map.of("throwing", context -> {
            throw Lab.away("no");
        }));

        for (int turn = 0; turn < 8; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }

        assertThat(lab.status("next")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(lab.jobs("waiting", "j.status || ' ' || (retry_at > clock_timestamp())"))
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
