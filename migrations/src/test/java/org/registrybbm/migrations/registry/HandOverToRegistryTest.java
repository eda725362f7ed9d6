package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.MortalReplica;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.RegistryWorker;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A service that is rolled back to the container registry's own software in mid-run: that goes on, and no row is left undone. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class HandOverToRegistryTest {
    private static final String WORK = "work";
    private static final Map<String, WorkFunction> FILL = Map.of(WORK, context -> context.update("v = 1, n = n + 1"));
    private static final String LEFT = "SELECT count(*) FROM t.items WHERE v IS NULL";

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final RegistryWorker registry;

    HandOverToRegistryTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(3, 3);
        this.registry = new RegistryWorker(database, "v = 1");
        database.execute("DROP TABLE IF EXISTS schema_migrations; CREATE TABLE schema_migrations (id text PRIMARY KEY);"
                + " COMMENT ON TABLE batched_background_migrations IS NULL");
    }

    @ParameterizedTest
    @CsvSource({
        "false, false, 400",
        "false, true, 400",
        "true, false, 400",
        "true, true, 400",
        "true, false, 9223372036854775807"
    })
    void itsSoftwareEndsWhatAnOrderlyShutdownLeft(boolean partitioned, boolean run, long max) {
        table(partitioned, max);
        BatchedMigrations engine = stopInTheMiddle();
        assertThat(fixture.jobs("m", "j.status || ' ' || (handed_back_at IS NOT NULL) || ' ' || attempts"))
                .containsExactly("2 false 1", "3 true 0", "3 true 0");
        assertThat(database.number(LEFT)).isEqualTo(400 - 60 - 20);

        if (run) {
            registry.run();
        } else {
            assertThat(registry.work(100)).isTrue();
        }

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number(LEFT)).isZero();
        assertThat(engine.planner().hasWork()).isFalse();
        assertThat(engine.planner().plan()).isEqualTo(new Planner.Plan(List.of(), Set.of(), 0, true, Map.of(), true));
    }

    @ParameterizedTest
    @CsvSource({"false, 1", "false, 4", "true, 1", "true, 4", "true, 5"})
    void weEndWhatItsSoftwareLeftAfterIt(boolean partitioned, int turns) {
        table(partitioned, 400);
        stopInTheMiddle();
        registry.work(turns);
        assertThat(database.number(LEFT)).isPositive();

        assertThat(fixture.drain(FILL).isComplete()).isTrue();

        assertThat(database.number(LEFT)).isZero();
        assertThat(fixture.jobs("m", "j.status")).containsOnly("2");
    }

    @Test
    void whatAPauseHandedBackIsRunToo() {
        table(true, 400);
        BatchedMigrations engine = fixture.engine(FILL);
        List<Long> due = engine.planner().plan().due();
        assertIsFinishedByTheRegistryAfterAPause(engine, due.get(0));
    }

    /** As it is right after the database was taken over: the container registry has made the batch job. */
    @Test
    void whatAPauseHandedBackIsRunTooIfItIsTheirs() {
        table(true, 400);
        BatchedMigrations engine = fixture.engine(FILL);
        List<Long> due = engine.planner().plan().due();
        database.execute("UPDATE batched_background_migration_jobs SET walk_id = NULL;"
                + " DELETE FROM batched_background_migration_walks");
        assertIsFinishedByTheRegistryAfterAPause(engine, due.get(0));
    }

    /** Somebody pauses the migration in the middle of a batch job, and the last replica leaves. */
    private void assertIsFinishedByTheRegistryAfterAPause(BatchedMigrations engine, long batchJob) {
        engine.runner().run(batchJob, () -> {
            if (database.number(LEFT) == 380) {
                fixture.setStatus("m", MigrationStatus.PAUSED);
            }
            return false;
        });
        engine.planner().leave();

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        registry.work(100);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number(LEFT)).isZero();
    }

    @Test
    void aRunInTheForegroundThatIsStoppedLeavesNothingToOurselvesAlone() {
        table(true, 400);
        fixture.engine(FILL).runToEnd(List.of(), () -> database.number(LEFT) < 300);
        assertThat(fixture.jobs("m", "j.status")).contains("3").doesNotContain("1");

        registry.run();

        assertThat(database.number(LEFT)).isZero();
    }

    @Test
    void whatWasHandedBackIsDueAtOnceAndIsNoFailure() {
        table(false, 400);
        BatchedMigrations engine = stopInTheMiddle();
        MigrationOverview overview = engine.status().overviews(List.of("m")).get(0);
        assertThat(overview.failedJobs()).isZero();
        assertThat(overview.activeJobs()).isEqualTo(2);
        assertThat(overview.explanation()).startsWith("waits for a replica");
        assertThat(engine.quarantine().retry(List.of("m")))
                .allSatisfy(retried -> assertThat(retried.toString()).doesNotContain("2"));

        List<Long> due = engine.planner().plan().due();
        List<String> ids = fixture.jobs("m", "j.id");
        assertThat(due).startsWith(Long.parseLong(ids.get(1)), Long.parseLong(ids.get(2)));
        engine.runner().run(due.get(0), () -> {
            assertThat(fixture.jobs("m", "j.status || ' ' || (handed_back_at IS NULL) || ' ' || attempts")
                            .get(1))
                    .isEqualTo("1 true 1");
            return false;
        });
        assertThat(fixture.drain(FILL).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void whatItsSoftwareTriedAndFailedIsAFailure() {
        table(false, 400);
        BatchedMigrations engine = stopInTheMiddle();
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET attempts = 5, failure_error_code = 0
                WHERE id = (SELECT id FROM batched_background_migration_jobs WHERE status = 3 ORDER BY id LIMIT 1)
                """);
        assertThat(engine.status().overviews(List.of("m")).get(0).failedJobs()).isEqualTo(1);

        engine.planner().plan();

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("4");
    }

    @Test
    void fewerAttemptsThanItHadDoNotKeepAHandedBackBatchJobForEver() {
        table(false, 400);
        stopInTheMiddle();
        database.execute("UPDATE batched_background_migration_jobs SET attempts = 4 WHERE status = 3");
        BatchedMigrations impatient = fixture.engine(
                EngineFixture.SETTINGS.toBuilder().maxJobAttempts(2).build(), FILL);

        for (int turn = 0; turn < 20; turn++) {
            impatient.planner().plan().due().forEach(job -> impatient.runner().run(job, StopSignal.NEVER));
        }

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"NullKeySetBatchingStrategy v", "BlockBatchingStrategy v", "PredicateBatchingStrategy v", " k"})
    void whatItsSoftwareWouldNotRunIsHandedBackAsEver(String what) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        String[] parts = what.split(" ");
        fixture.queue(WORK, parts[0].isEmpty() ? null : parts[0], parts[1], 60, 20);
        Map<String, WorkFunction> work = Map.of(WORK, ItemsWork.DO_ONE);
        BatchedMigrations engine = fixture.engine(work);
        List<Long> due = engine.planner().plan().due();
        engine.runner().run(due.get(0), () -> true);
        engine.planner().leave();

        assertThat(fixture.jobs("m", "j.status || ' ' || (handed_back_at IS NOT NULL)"))
                .containsOnly("1 false");
        assertThat(fixture.drain(work).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAKilledReplicaHeldIsFoundWhenWeComeBack(boolean partitionsWalkedOneByOne) {
        if (partitionsWalkedOneByOne) {
            database.execute("DROP TABLE schema_migrations");
        }
        table(true, 400);
        BatchedMigrations engine = fixture.engine(FILL);
        List<Long> due = engine.planner().plan().due();
        MortalReplica replica = new MortalReplica(database);
        replica.run(due.get(0), context -> {
            replica.die();
            return 0;
        });

        registry.work(100);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number(LEFT)).isPositive();
        fixture.expireLeases();

        assertThat(engine.planner().hasWork()).isTrue();
        assertThat(fixture.drain(FILL).isComplete()).isTrue();
        assertThat(database.number(LEFT)).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aProofReadsPartitionsWithoutTheRowsThatAreInQuarantineUnderTheParent(boolean keyed) {
        table(true, 400);
        if (keyed) {
            database.execute("ALTER TABLE t.items ADD PRIMARY KEY (p, id)");
        }
        database.execute("""
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
                CREATE TRIGGER refuse BEFORE UPDATE ON t.items FOR EACH ROW WHEN (OLD.id IN (7, 398)) EXECUTE FUNCTION t.refuse()
                """);
        Map<String, WorkFunction> work = Map.of(WORK, ItemsWork.DO_ONE);
        fixture.drain(work);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("table_name")).containsExactly("t.items", "t.items");

        database.execute(
                "UPDATE batched_background_migration_quarantined_rows SET status = 'waived', waived_by = 'jane', waived_reason = 'gone'");
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(fixture.drain(work).isComplete()).isTrue();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1 ORDER BY id"))
                .containsExactly("7", "398");
        assertThat(fixture.engine(work).verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {}))
                .singleElement()
                .extracting(VerificationResult::left)
                .isEqualTo(0L);
    }

    /** Runs one batch job, stops in the middle of the second, and leaves the third as it was cut. */
    private BatchedMigrations stopInTheMiddle() {
        BatchedMigrations engine = fixture.engine(FILL);
        List<Long> due = engine.planner().plan().due();
        assertThat(due).hasSize(3);
        engine.runner().run(due.get(0), StopSignal.NEVER);
        assertThat(engine.runner().run(due.get(1), () -> database.number(LEFT) < 340))
                .isEqualTo(new BatchOutcome.HandedBack(due.get(1), BatchOutcome.Reason.STOPPING));
        engine.planner().leave();
        return engine;
    }

    private void table(boolean partitioned, long max) {
        if (partitioned) {
            PartitionedItems.create(database, PartitionedItems.HALVES);
        } else {
            fixture.items(1, 400);
        }
        fixture.queue(WORK, null, "id", 60, 20);
        database.execute("UPDATE batched_background_migrations SET min_value = 1, max_value = " + max);
    }
}
