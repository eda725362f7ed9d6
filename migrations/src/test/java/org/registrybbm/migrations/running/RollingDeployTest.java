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
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 7: a replica with other code does no harm. */
@ExtendWith(PostgresExtension.class)
class RollingDeployTest {
    private final Lab lab;
    private final TestDatabase database;

    RollingDeployTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
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
        lab.items(1, 100).queueItems("m", Lab.ADD_ONE, 10);
        lab.queueItems("healthy", Lab.ADD_ONE, 100);
        database.execute("UPDATE batched_background_migrations SET " + change + " WHERE name = 'm'");
        List<MigrationEvent> events = new ArrayList<>();
        Planner planner = BatchedMigrations.on(database)
                .workRegistry(Lab.registry(Map.of()))
                .listener(events::add)
                .build()
                .planner();

        planner.plan();
        planner.plan();
        assertThat(lab.status("m")).isEqualTo(MigrationStatus.ACTIVE);
        assertThat(lab.of("m", SINCE)).isEqualTo("t");
        assertThat(events)
                .hasOnlyElementsOfType(MigrationEvent.CodeMissing.class)
                .hasSize(1);

        // The database's clock, a little more than the default grace of a minute later.
        database.execute(
                "UPDATE batched_background_migrations SET code_missing_since = clock_timestamp() - interval '61 s' WHERE name = 'm'");
        planner.plan();
        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(lab.of("m", "failure_error_code")).isEqualTo(String.valueOf(code.code()));
        assertThat(lab.jobs("healthy", "1")).isNotEmpty();
    }

    @Test
    void handsABatchBackThatItDoesNotKnowWithoutAnAttempt() {
        lab.items(1, 100).queueItems("m", "ofTomorrow", 10);
        BatchedMigrations fresh = lab.engine(Map.of("ofTomorrow", Lab::addOne));
        long job = fresh.planner().plan().due().get(0);

        assertThat(lab.engine(Map.of()).runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.CODE_MISSING));
        assertThat(lab.jobs("m", "attempts")).containsOnly("0");
        assertThat(lab.status("m")).isEqualTo(MigrationStatus.ACTIVE);

        assertThat(fresh.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }

    @Test
    void aReplicaThatKnowsTheCodeEndsTheGrace() {
        lab.items(1, 100).queueItems("m", "ofTomorrow", 10);
        lab.engine(Map.of()).planner().plan();
        assertThat(lab.of("m", SINCE)).isEqualTo("t");

        lab.engine(Map.of("ofTomorrow", Lab::addOne)).planner().plan();

        assertThat(lab.of("m", SINCE)).isEqualTo("f");
    }

    @Test
    void aReplicaThatKnowsTheCodeRetriesWhatFailedForTheLackOfIt() {
        lab.items(1, 100).queueItems("m", "ofTomorrow", 10);
        assertThat(lab.runAll(Map.of()).failed()).hasSize(1);
        BatchedMigrations fresh = lab.engine(Map.of("ofTomorrow", Lab::addOne));

        fresh.planner().plan();

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.ACTIVE);
        assertThat(lab.of("m", "failure_error_code IS NULL AND failure_message IS NULL AND code_missing_since IS NULL"))
                .isEqualTo("t");
        assertThat(fresh.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }

    @Test
    void leavesAloneWhatTheContainerRegistryFailedForTheLackOfCode() {
        lab.items(1, 100).queueItems("m", Lab.ADD_ONE, 10);
        database.execute("UPDATE batched_background_migrations SET status = 3, failure_error_code = 3");

        lab.engine(Map.of()).planner().plan();

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FAILED);
    }

    @Test
    void leavesAloneWhatFailedForAnotherReason() {
        lab.items(1, 100).queueItems("m", "throwing", 10);
        lab.runAll(Map.of("throwing", context -> {
            throw Lab.away("always");
        }));

        lab.engine(Map.of("throwing", Lab::addOne)).planner().plan();

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FAILED);
    }

    @Test
    void anOldReplicaDoesNotFailWhatANewOneIsRunning() {
        EngineSettings withoutGrace =
                Lab.SETTINGS.toBuilder().missingCode(Duration.ZERO).build();
        lab.items(1, 100).queueItems("m", "ofTomorrow", 100);
        Worker.Gate gate = new Worker.Gate();
        BatchedMigrations fresh = lab.engine(withoutGrace, Map.of("ofTomorrow", context -> {
            gate.pass();
            return Lab.addOne(context);
        }));
        long job = fresh.planner().plan().due().get(0);
        Worker<BatchOutcome> running = Worker.start(() -> fresh.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();

        lab.engine(withoutGrace).planner().plan();
        MigrationStatus status = lab.status("m");
        gate.open();

        assertThat(status).isEqualTo(MigrationStatus.RUNNING);
        assertThat(running.result()).isInstanceOf(BatchOutcome.Finished.class);
    }

    @Test
    void oldCodeGoesOnWithABatchThatNewCodeBegan() {
        lab.items(1, 5_000).queueItems("m", Lab.ADD_ONE, 5_000);
        BatchedMigrations fresh = lab.engine(Map.of("ofTomorrow", Lab::addOne));
        AtomicInteger asked = new AtomicInteger();
        fresh.runner().run(fresh.planner().plan().due().get(0), () -> asked.incrementAndGet() > 1);
        assertThat(database.number("SELECT sum(n) FROM t.items")).isPositive().isLessThan(5_000);

        assertThat(lab.runAll(Map.of()).isComplete()).isTrue();

        lab.assertEachItemChangedOnce();
    }
}
