package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows of the batched-migration tables that are edited or deleted while a batch runs. */
@ExtendWith(PostgresExtension.class)
class RowsEditedTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    RowsEditedTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private static final String JOBS = "batched_background_migration_jobs";

    private BatchOutcome runWith(String edit) {
        fixture.items(1, 3_000).queueItems("m", "edited", 3_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 3000");
        BatchedMigrations engine = fixture.engine(Map.of("edited", ItemsWork::addOne));
        long job = engine.planner().plan().due().get(0);
        // Between the first sub-batch and the second.
        AtomicInteger asked = new AtomicInteger();
        return engine.runner().run(job, () -> {
            if (asked.incrementAndGet() == 2) {
                database.execute(edit);
            }
            return false;
        });
    }

    @Test
    void endsWhenTheMigrationIsDeleted() {
        assertThat(runWith("DELETE FROM batched_background_migrations")).isInstanceOf(BatchOutcome.Lost.class);

        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(1_000);
        assertThat(fixture.engine(Map.of()).planner().plan().due()).isEmpty();
    }

    @Test
    void endsWhenItsBatchJobIsDeleted() {
        assertThat(runWith("DELETE FROM " + JOBS)).isInstanceOf(BatchOutcome.Lost.class);

        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(1_000);
    }

    @Test
    void endsWhenItsBatchJobIsFinishedByHand() {
        assertThat(runWith("UPDATE " + JOBS + " SET status = 2")).isInstanceOf(BatchOutcome.Lost.class);

        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(1_000);
    }

    @Test
    void leavesABatchJobAloneWhoseWalkIsGone() {
        fixture.items(1, 3_000).queueItems("m", "edited", 3_000);
        BatchedMigrations engine = fixture.engine(Map.of("edited", ItemsWork::addOne));
        long job = engine.planner().plan().due().get(0);
        database.execute("DELETE FROM batched_background_migration_walks");

        assertThat(engine.runner().run(job, StopSignal.NEVER)).isInstanceOf(BatchOutcome.HandedBack.class);

        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
        assertThat(fixture.drain(Map.of("edited", ItemsWork::addOne)).isComplete())
                .isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void endsWhenItsLeaseIsTakenAwayByHandAndGoesOnLater() {
        assertThat(runWith("UPDATE " + JOBS + " SET lease_token = NULL, lease_until = NULL"))
                .isInstanceOf(BatchOutcome.Lost.class);

        fixture.runAll(Map.of("edited", ItemsWork::addOne));
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void handsTheBatchBackWhenTheDefinitionChanges() {
        assertThat(runWith("UPDATE batched_background_migrations SET job_signature_name = 'addOne'"))
                .isInstanceOfSatisfying(
                        BatchOutcome.HandedBack.class,
                        back -> assertThat(back.reason()).isEqualTo(BatchOutcome.Reason.DEFINITION_CHANGED));

        database.execute("UPDATE batched_background_migrations SET job_signature_name = 'edited'");
        fixture.runAll(Map.of("edited", ItemsWork::addOne));
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void handsTheBatchBackWhenTheTableIsAnotherOne() {
        database.execute("CREATE TABLE t.other (id bigint PRIMARY KEY, n int DEFAULT 0)");

        assertThat(runWith("UPDATE batched_background_migrations SET table_name = 't.other'"))
                .isInstanceOf(BatchOutcome.HandedBack.class);

        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(1_000);
    }

    @Test
    void failsTheMigrationWhenItsTableIsDropped() {
        fixture.items(1, 3_000).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        fixture.queueItems("healthy", "noop", 100);
        BatchedMigrations engine = fixture.engine(Map.of("noop", context -> 0));
        List<Long> due = engine.planner().plan().due();
        database.execute("""
                CREATE TABLE t.others (id bigint PRIMARY KEY);
                UPDATE batched_background_migrations SET table_name = 't.others' WHERE name = 'healthy';
                DROP TABLE t.items
                """);

        assertThat(engine.runner().run(due.get(0), StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.HandedBack(due.get(0), BatchOutcome.Reason.MIGRATION_STOPPED));

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .isEqualTo("1 there is no table t.items in this database");
        engine.runToEnd(List.of("healthy"), StopSignal.NEVER);
        assertThat(fixture.status("healthy")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void failsTheMigrationWhenItsColumnOrIndexIsGone() {
        fixture.items(1, 3_000).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        database.execute("ALTER TABLE t.items DROP CONSTRAINT items_pkey");

        engine.runner().run(due.get(0), StopSignal.NEVER);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("12");
        database.execute("ALTER TABLE t.items RENAME COLUMN id TO ident");
        engine.runToEnd(List.of(), StopSignal.NEVER);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("2");
        database.execute("ALTER TABLE t.items RENAME COLUMN ident TO id; ALTER TABLE t.items ADD PRIMARY KEY (id)");
        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void leavesNoKeyBehindWhenABatchJobInTheMiddleIsDeleted() {
        fixture.items(1, 3_000).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        engine.runner().run(due.get(1), StopSignal.NEVER);
        database.execute("DELETE FROM batched_background_migration_jobs WHERE id = " + due.get(0));

        fixture.drain(Map.of());

        if (fixture.status("m") == MigrationStatus.FINISHED) {
            fixture.assertEachItemChangedOnce();
        } else {
            assertThat(fixture.of("m", "failure_message")).isNotEqualTo("null");
        }
    }

    @Test
    void takesAnUpperBoundThatGrewWhileItRan() {
        fixture.items(1, 2_000).queueItems("m", ItemsWork.ADD_ONE, 500);
        database.execute("UPDATE batched_background_migrations SET max_value = 1000");
        fixture.runAll(Map.of());
        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(1_000);

        database.execute("UPDATE batched_background_migrations SET max_value = 2000, status = 1");
        fixture.runAll(Map.of());

        fixture.assertEachItemChangedOnce();
    }
}
