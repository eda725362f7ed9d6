package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.FlakyDataSource;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 2: every row once, with work that shows each time it was done. */
@ExtendWith(PostgresExtension.class)
class ExactlyOnceTest {
    private static final EngineSettings MANY_ATTEMPTS =
            EngineFixture.SETTINGS.toBuilder().maxJobAttempts(100).build();

    private final EngineFixture fixture;
    private final TestDatabase database;

    ExactlyOnceTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    @Sample(oneOf = 2)
    void changesEachRowOnceWhileItsConnectionsAreKilled(long seed) {
        fixture.items(1, 20_000).queueItems("once", "killed", 1_500);
        Random random = new Random(seed);
        AtomicInteger kills = new AtomicInteger();
        WorkFunction killed = context -> {
            boolean before = random.nextInt(6) == 0;
            boolean after = random.nextInt(6) == 0;
            if (before && kills.incrementAndGet() <= 5) {
                kill(context);
            }
            long changed = ItemsWork.addOne(context);
            if (after && kills.incrementAndGet() <= 5) {
                kill(context);
            }
            return changed;
        };

        RunResult result =
                fixture.engine(MANY_ATTEMPTS, Map.of("killed", killed)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).as("seed %d: %s", seed, result).isTrue();
        assertThat(kills).as("seed %d killed nothing", seed).hasPositiveValue();
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.of("once", "total_tuple_count IS NULL OR total_tuple_count >= 0"))
                .isEqualTo("t");
        assertThat(migrated("once")).isEqualTo(20_000);
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5})
    void changesEachRowOnceWhileCommitsFailBeforeAndAfterTheServerDidThem(long seed) {
        fixture.items(1, 6_000).queueItems("once", ItemsWork.ADD_ONE, 1_500);
        FlakyDataSource flaky = new FlakyDataSource(database, seed, 12);
        BatchedMigrations engine = EngineFixture.engine(flaky, MANY_ATTEMPTS, Map.of());

        for (int turn = 0; turn < 60 && fixture.status("once") != MigrationStatus.FINISHED; turn++) {
            try {
                for (long job : engine.planner().plan().due()) {
                    engine.runner().run(job, StopSignal.NEVER);
                }
            } catch (DatabaseException e) {
                assertThat(e).hasMessageContaining("injected");
            }
            // A worker that could not hand its batch back leaves a lease, which ends by itself.
            fixture.expireLeases();
        }

        assertThat(flaky.faults()).as("seed %d", seed).isPositive();
        flaky.heal();
        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                .as("seed %d", seed)
                .isTrue();
        fixture.assertEachItemChangedOnce();
        assertThat(migrated("once")).as("seed %d", seed).isEqualTo(6_000);
    }

    @Test
    void twoReplicasShareAMigrationWithoutDoingARowTwice() {
        fixture.items(1, 10_000).queueItems("shared", ItemsWork.ADD_ONE, 500);

        List<Worker<RunResult>> replicas = List.of(
                Worker.start(() -> fixture.engine(MANY_ATTEMPTS).runToEnd(List.of(), StopSignal.NEVER)),
                Worker.start(() -> fixture.engine(MANY_ATTEMPTS).runToEnd(List.of(), StopSignal.NEVER)),
                Worker.start(() -> fixture.engine(MANY_ATTEMPTS).runToEnd(List.of(), StopSignal.NEVER)));

        replicas.forEach(replica -> assertThat(replica.result().isComplete()).isTrue());
        fixture.assertEachItemChangedOnce();
        assertThat(migrated("shared")).isEqualTo(10_000);
    }

    @Test
    void aRunStoppedAfterEachSubBatchEndsUpComplete() {
        fixture.items(1, 5_000).queueItems("stopped", ItemsWork.ADD_ONE, 2_500);
        AtomicLong asked = new AtomicLong();
        StopSignal everyThirdTime = () -> asked.incrementAndGet() % 3 == 0;

        while (fixture.status("stopped") != MigrationStatus.FINISHED) {
            fixture.engine(MANY_ATTEMPTS).runToEnd(List.of(), everyThirdTime);
        }

        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("stopped", "j.attempts <= 1")).containsOnly("t");
    }

    private long migrated(String name) {
        return fixture.engine(Map.of()).status().overviews(List.of(name)).get(0).migratedTupleCount();
    }

    private void kill(WorkContext context) {
        long pid = pidOf(context);
        database.text("SELECT pg_terminate_backend(" + pid + ", 5000)");
    }

    private static long pidOf(WorkContext context) {
        try (var statement = context.connection().createStatement();
                var rows = statement.executeQuery("SELECT pg_backend_pid()")) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
