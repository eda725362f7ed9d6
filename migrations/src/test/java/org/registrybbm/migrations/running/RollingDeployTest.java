package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 7: a replica with other code does no harm. */
@ExtendWith(PostgresExtension.class)
class RollingDeployTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    RollingDeployTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private static final String SINCE = "code_missing_since IS NOT NULL";

    static Stream<Arguments> unknown() {
        return Stream.of(
                Arguments.of("job_signature_name = 'ofTomorrow'", FailureCode.INVALID_JOB_SIGNATURE),
                Arguments.of("batching_strategy = 'OfTomorrow'", FailureCode.INVALID_BATCHING_STRATEGY));
    }

    @ParameterizedTest
    @MethodSource("unknown")
    void waitsTheGraceAndThenFails(String change, FailureCode code) {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        fixture.queueItems("healthy", ItemsWork.ADD_ONE, 100);
        database.execute("UPDATE batched_background_migrations SET " + change + " WHERE name = 'm'");
        List<MigrationEvent> events = new ArrayList<>();
        Planner planner = BatchedMigrations.on(database)
                .workRegistry(EngineFixture.registry(Map.of()))
                .listener(events::add)
                .build()
                .planner();

        planner.plan();
        planner.plan();
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.ACTIVE);
        assertThat(fixture.of("m", SINCE)).isEqualTo("t");
        assertThat(events)
                .hasOnlyElementsOfType(MigrationEvent.CodeMissing.class)
                .hasSize(1);

        // The database's clock, a little more than the default grace of a minute later.
        database.execute(
                "UPDATE batched_background_migrations SET code_missing_since = clock_timestamp() - interval '61 s' WHERE name = 'm'");
        planner.plan();
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo(String.valueOf(code.code()));
        assertThat(fixture.jobs("healthy", "1")).isNotEmpty();
    }

    @Test
    void handsABatchBackThatItDoesNotKnowWithoutAnAttempt() {
        fixture.items(1, 100).queueItems("m", "ofTomorrow", 10);
        BatchedMigrations fresh = fixture.engine(Map.of("ofTomorrow", ItemsWork::addOne));
        long job = fresh.planner().plan().due().get(0);

        assertThat(fixture.engine(Map.of()).runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.CODE_MISSING));
        assertThat(fixture.jobs("m", "attempts")).containsOnly("0");
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.ACTIVE);

        assertThat(fresh.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aReplicaThatKnowsTheCodeEndsTheGrace() {
        fixture.items(1, 100).queueItems("m", "ofTomorrow", 10);
        fixture.engine(Map.of()).planner().plan();
        assertThat(fixture.of("m", SINCE)).isEqualTo("t");

        fixture.engine(Map.of("ofTomorrow", ItemsWork::addOne)).planner().plan();

        assertThat(fixture.of("m", SINCE)).isEqualTo("f");
    }

    @Test
    void aReplicaThatKnowsTheCodeRetriesWhatFailedForTheLackOfIt() {
        fixture.items(1, 100).queueItems("m", "ofTomorrow", 10);
        assertThat(fixture.runAll(Map.of()).failed()).hasSize(1);
        BatchedMigrations fresh = fixture.engine(Map.of("ofTomorrow", ItemsWork::addOne));

        fresh.planner().plan();

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.ACTIVE);
        assertThat(fixture.of(
                        "m", "failure_error_code IS NULL AND failure_message IS NULL AND code_missing_since IS NULL"))
                .isEqualTo("t");
        assertThat(fresh.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void leavesAloneWhatTheContainerRegistryFailedForTheLackOfCode() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        database.execute("UPDATE batched_background_migrations SET status = 3, failure_error_code = 3");

        fixture.engine(Map.of()).planner().plan();

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
    }

    @Test
    void leavesAloneWhatFailedForAnotherReason() {
        fixture.items(1, 100).queueItems("m", "throwing", 10);
        fixture.runAll(Map.of("throwing", context -> {
            throw EngineFixture.away("always");
        }));

        fixture.engine(Map.of("throwing", ItemsWork::addOne)).planner().plan();

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
    }

    @Test
    void anOldReplicaDoesNotFailWhatANewOneIsRunning() {
        EngineSettings withoutGrace =
                EngineFixture.SETTINGS.toBuilder().missingCode(Duration.ZERO).build();
        fixture.items(1, 100).queueItems("m", "ofTomorrow", 100);
        Worker.Gate gate = new Worker.Gate();
        BatchedMigrations fresh = fixture.engine(withoutGrace, Map.of("ofTomorrow", context -> {
            gate.pass();
            return ItemsWork.addOne(context);
        }));
        long job = fresh.planner().plan().due().get(0);
        Worker<BatchOutcome> running = Worker.start(() -> fresh.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();

        fixture.engine(withoutGrace).planner().plan();
        MigrationStatus status = fixture.status("m");
        gate.open();

        assertThat(status).isEqualTo(MigrationStatus.RUNNING);
        assertThat(running.result()).isInstanceOf(BatchOutcome.Finished.class);
    }

    @Test
    void oldCodeGoesOnWithABatchThatNewCodeBegan() {
        fixture.items(1, 5_000).queueItems("m", ItemsWork.ADD_ONE, 5_000);
        BatchedMigrations fresh = fixture.engine(Map.of("ofTomorrow", ItemsWork::addOne));
        AtomicInteger asked = new AtomicInteger();
        fresh.runner().run(fresh.planner().plan().due().get(0), () -> asked.incrementAndGet() > 1);
        assertThat(database.number("SELECT sum(n) FROM t.items")).isPositive().isLessThan(5_000);

        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }
}
