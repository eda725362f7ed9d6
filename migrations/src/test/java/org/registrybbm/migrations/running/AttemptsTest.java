package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
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
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.MortalReplica;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Attempts are counted at the claim, begin anew with progress, and end the migration when they are used up. */
@ExtendWith(PostgresExtension.class)
class AttemptsTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    AttemptsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void countsAnAttemptAtTheClaimBeforeAnyWork() {
        fixture.items(1, 10).queueItems("m", "looking", 10);
        List<String> seen = new ArrayList<>();

        fixture.runAll(Map.of("looking", context -> {
            seen.addAll(
                    database.column(
                            "SELECT attempts || ' ' || (lease_token IS NOT NULL) FROM batched_background_migration_jobs ORDER BY id LIMIT 1"));
            return ItemsWork.addOne(context);
        }));

        assertThat(seen.get(0)).isEqualTo("1 true");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 10})
    void failsTheMigrationWithTheLastAttempt(int most) {
        fixture.items(1, 10).queueItems("m", "throwing", 10);
        bounds(1, 10);
        AtomicInteger calls = new AtomicInteger();
        List<MigrationEvent.BatchFailed> failures = new ArrayList<>();
        BatchedMigrations engine = BatchedMigrations.on(database)
                .settings(
                        EngineFixture.SETTINGS.toBuilder().maxJobAttempts(most).build())
                .workRegistry(EngineFixture.registry(Map.of("throwing", context -> {
                    calls.incrementAndGet();
                    throw EngineFixture.away("always");
                })))
                .listener(event -> {
                    if (event instanceof MigrationEvent.BatchFailed failed) {
                        failures.add(failed);
                    }
                })
                .build();

        engine.runToEnd(List.of(), StopSignal.NEVER);

        assertThat(calls).hasValue(most);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.of("m", "failure_message"))
                .matches("batch job \\d+ \\(1 to 10\\) failed " + most + " times without progress; last: thrown at .*");
        assertThat(fixture.of("m", "failure_class")).isEqualTo("java.io.UncheckedIOException");
        assertThat(failures).hasSize(most);
        assertThat(failures.stream().filter(MigrationEvent.BatchFailed::exhausted))
                .hasSize(1);
        assertThat(failures.get(most - 1).exhausted()).isTrue();
    }

    @Test
    void beginsToCountAnewWithEachSubBatchThatIsCommitted() {
        fixture.items(1, 6_000).queueItems("m", "everySecond", 6_000);
        AtomicInteger calls = new AtomicInteger();
        EngineSettings settings =
                EngineFixture.SETTINGS.toBuilder().maxJobAttempts(2).build();
        WorkFunction everySecond = context -> {
            long changed = ItemsWork.addOne(context);
            if (calls.incrementAndGet() % 2 == 0) {
                throw EngineFixture.away("every second time");
            }
            return changed;
        };

        RunResult result =
                fixture.engine(settings, Map.of("everySecond", everySecond)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).isTrue();
        assertThat(calls).hasValueGreaterThan(4);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void doesNotCountAnAttemptThatWasHandedBack() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        long job = fixture.firstDue();

        for (int i = 0; i < 20; i++) {
            assertThat(fixture.engine(Map.of()).runner().run(job, () -> true))
                    .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.STOPPING));
        }

        assertThat(fixture.jobs("m", "attempts")).contains("0");
        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void failsABatchThatKillsEachOfItsWorkers() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 10);
        long job = fixture.firstDue();
        // What a worker that was killed in the middle leaves behind.
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET attempts = 5, lease_token = 1, lease_owner = 'dead', lease_until = clock_timestamp() - interval '1 s'
                WHERE id = %d
                """.formatted(job));

        BatchedMigrations engine = fixture.engine(Map.of());
        assertThat(engine.runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.NOT_DUE));
        assertThat(engine.planner().plan().due()).contains(job);

        assertThat(fixture.jobs("m", "j.attempts || ' ' || j.sub_batch_size")).contains("4 31");
    }

    @Test
    void quarantinesTheRowThatKillsItsWorkers() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 100);
        BatchedMigrations planning = fixture.engine(Map.of());
        int deaths = 0;

        while (fixture.status("m").isRunnable() && deaths < 100) {
            for (long job : planning.planner().plan().due()) {
                MortalReplica replica = new MortalReplica(database);
                replica.run(job, context -> {
                    if (ItemsWork.firstKey(context) <= 42 && 42 <= ItemsWork.lastKey(context)) {
                        replica.die();
                    }
                    return ItemsWork.addOne(context);
                });
                deaths += replica.isDead() ? 1 : 0;
            }
            fixture.expireLeases();
        }

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1"))
                .contains("42")
                .hasSizeLessThanOrEqualTo(4);
        assertThat(database.column("SELECT row_key ->> 'id' FROM batched_background_migration_quarantined_rows"
                        + " WHERE failure_message LIKE 'killed its worker%'"))
                .containsExactlyElementsOf(database.column("SELECT id FROM t.items WHERE n <> 1"));
        assertThat(deaths).isBetween(5, 10);
    }

    @Test
    void startsWithACleanSlateWhenAPersonSetsAFailedMigrationToActive() {
        fixture.items(1, 10).queueItems("m", "switched", 10);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction switched = context -> {
            if (calls.incrementAndGet() <= 7) {
                throw EngineFixture.away("not yet");
            }
            return ItemsWork.addOne(context);
        };
        BatchedMigrations engine = fixture.engine(Map.of("switched", switched));
        engine.runToEnd(List.of(), StopSignal.NEVER);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(calls).hasValue(5);

        database.execute("UPDATE batched_background_migrations SET status = 1");
        for (int turn = 0; turn < 12; turn++) {
            engine.planner().plan().due().forEach(due -> engine.runner().run(due, StopSignal.NEVER));
        }

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @CsvSource({"1, PT5S", "2, PT15S", "3, PT45S", "4, PT2M15S", "5, PT6M45S", "6, PT10M", "100, PT10M"})
    void waitsThreeTimesAsLongAfterEachTry(int attempt, Duration delay) {
        assertThat(EngineSettings.Timeouts.defaults().retryAfter(attempt)).isEqualTo(delay);
    }

    @ParameterizedTest
    @CsvSource({"1, PT2S", "2, PT2S", "9, PT2S"})
    void waitsTwoSecondsAtMostWhereSomebodyWaitsForTheEnd(int attempt, Duration delay) {
        assertThat(EngineSettings.defaults().inForeground().retryAfter(attempt)).isEqualTo(delay);
        assertThat(EngineFixture.SETTINGS.inForeground().retryAfter(attempt))
                .isEqualTo(EngineFixture.SETTINGS.retryAfter(attempt));
    }

    @Test
    void waitsForItsRetryByTheDatabasesClock() {
        fixture.items(1, 10).queueItems("m", "throwing", 10);
        bounds(1, 10);
        BatchedMigrations engine = fixture.engine(EngineSettings.defaults(), Map.of("throwing", context -> {
            throw EngineFixture.away("no");
        }));
        long job = engine.planner().plan().due().get(0);
        engine.runner().run(job, StopSignal.NEVER);

        assertThat(fixture.jobs("m", "round(extract(epoch FROM j.retry_at - j.updated_at))"))
                .containsExactly("5");
        assertThat(engine.planner().plan().due()).isEmpty();
        database.execute("UPDATE batched_background_migration_jobs SET retry_at = clock_timestamp()");
        assertThat(engine.planner().plan().due()).containsExactly(job);
    }

    private void bounds(long min, long max) {
        database.execute("UPDATE batched_background_migrations SET min_value = " + min + ", max_value = " + max);
    }
}
