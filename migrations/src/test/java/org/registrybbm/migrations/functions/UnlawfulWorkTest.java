package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Work functions that do what the guarded connection cannot refuse. */
@ExtendWith(PostgresExtension.class)
class UnlawfulWorkTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    UnlawfulWorkTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void aCommitAsTextIsFoundOutAndNotTriedAgain() {
        fixture.items(1, 100).queueItems("m", "raw", 100);
        WorkFunction raw = context -> {
            long changed = ItemsWork.addOne(context);
            context.connection().createStatement().execute("COMMIT");
            return changed;
        };

        fixture.runAll(Map.of("raw", raw));

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.of("m", "failure_message")).contains("ended the transaction");
        assertThat(database.column("SELECT DISTINCT n FROM t.items")).containsExactly("1");
    }

    @Test
    void aCommitThroughTheStatementsConnectionIsFoundOutAndNotTriedAgain() {
        fixture.items(1, 100).queueItems("m", "raw", 100);
        WorkFunction raw = context -> {
            long changed = ItemsWork.addOne(context);
            context.connection().createStatement().getConnection().commit();
            return changed;
        };

        fixture.runAll(Map.of("raw", raw));

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(database.column("SELECT DISTINCT n FROM t.items")).containsExactly("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lease_token = NULL", "status = 2", "status = 3"})
    void aChangeOfItsOwnBatchJobFailsTheMigrationAndChangesNothing(String change) {
        fixture.items(1, 100).queueItems("m", "meddling", 100);
        WorkFunction meddling = context -> {
            ItemsWork.addOne(context);
            return ItemsWork.update(context.connection(), "UPDATE batched_background_migration_jobs SET " + change);
        };

        fixture.runAll(Map.of("meddling", meddling));

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
        assertThat(fixture.of("m", "failure_message")).contains("row of its batch job");
        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
    }

    @Test
    void workThatKillsItsBackendEachTimeUsesUpItsAttempts() {
        fixture.items(1, 100).queueItems("m", "deadly", 100);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction deadly = context -> {
            calls.incrementAndGet();
            context.connection().createStatement().execute("SELECT pg_terminate_backend(pg_backend_pid())");
            return 0;
        };

        fixture.engine(EngineFixture.SETTINGS.toBuilder().maxJobAttempts(2).build(), Map.of("deadly", deadly))
                .runToEnd(List.of(), () -> calls.get() > 30);

        assertThat(fixture.status("m")).as("after " + calls + " calls").isEqualTo(MigrationStatus.FAILED);
    }

    @Test
    void aStopSignalThatThrowsHandsTheBatchJobBack() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 50);
        long job = fixture.firstDue();

        BatchOutcome outcome = fixture.engine(Map.of()).runner().run(job, () -> {
            throw new IllegalStateException("the signal is broken");
        });

        assertThat(outcome).isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.STOPPING));
    }

    @Test
    void aSubBatchSizeOfNothingIsReadAsOne() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 100);
        fixture.engine(Map.of()).planner().plan();
        database.execute("UPDATE batched_background_migration_jobs SET sub_batch_size = 0");

        fixture.runAll(Map.of());

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }
}
