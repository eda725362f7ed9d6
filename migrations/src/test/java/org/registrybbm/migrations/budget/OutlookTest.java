package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A look is another one when a plan may find something, and the same one again when nothing has come of what changed. */
@ExtendWith(PostgresExtension.class)
class OutlookTest {
    private final TestDatabase database;
    private final EngineFixture fixture;
    private final BatchedMigrations engine;

    OutlookTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).items(1, 100);
        this.engine = fixture.engine(Map.of("doOne", ItemsWork.DO_ONE));
    }

    @BeforeEach
    void makeASecondTable() {
        database.execute("CREATE TABLE t.others (LIKE t.items INCLUDING ALL); INSERT INTO t.others TABLE t.items");
    }

    @Test
    void batchJobsThatFollowEachOtherWhileTheBudgetIsUsedUpAreNoNews() {
        fixture.limits(1, 1).queueItems("m", "doOne", 50);

        List<Long> looks = new ArrayList<>();
        for (Planner.Plan plan = engine.planner().plan();
                !plan.due().isEmpty();
                plan = engine.planner().plan()) {
            looks.add(outlookDuring(plan.due().get(0)));
        }

        assertThat(fixture.of("m", "verified_at")).isNotNull();
        assertThat(looks).hasSizeGreaterThan(2).containsOnly(looks.get(0));
    }

    @Test
    void aWalkWithRangesToCutIsNewsWhereMoreBatchJobsMayRun() {
        fixture.limits(2, 2).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        hold(engine.planner().plan().jobs().get(0));
        assertThat(engine.planner().plan().due()).isEmpty();
        long whole = outlook();

        database.execute("UPDATE batched_background_migration_walks SET cut_whole = false");
        long uncut = outlook();
        fixture.limits(1, 1);
        long uncutWithoutRoom = outlook();
        database.execute("UPDATE batched_background_migration_walks SET cut_whole = true");

        assertThat(uncut).isNotEqualTo(whole);
        assertThat(outlook()).isEqualTo(uncutWithoutRoom);
    }

    @Test
    void whatAReplicaHasTakenIsAsIfItHadBegunWhileThatLasts() {
        fixture.limits(2, 2).queueItems("m", ItemsWork.ADD_ONE, 10);
        List<DueJob> due = engine.planner().plan().jobs();
        long before = outlook();

        engine.offers().take(due, 1);
        long taken = outlook();
        assertThat(taken).isNotEqualTo(before);

        engine.offers().withdraw(Set.of(due.get(0).jobId()));
        assertThat(outlook()).isEqualTo(before);

        fixture.engine(Map.of()).offers().take(due, 1);
        assertThat(outlook()).isEqualTo(taken);
        hold(due.get(0));
        assertThat(outlook()).isEqualTo(taken);
        change(due.get(0), "lease_token = NULL");

        change(due.get(0), "offered_at = clock_timestamp() - interval '3.1 s'");
        assertThat(outlook()).isNotIn(before, taken);
    }

    @Test
    void aBatchJobThatIsTriedAgainIsNewsAndThatItWaitsOnceMoreIsNot() {
        fixture.limits(2, 2).queueItems("m", ItemsWork.ADD_ONE, 100);
        DueJob job = engine.planner().plan().jobs().get(0);
        change(job, "lock_waits = 1, retry_at = clock_timestamp() + interval '1 hour'");
        long waits = outlook();

        change(job, "retry_at = clock_timestamp()");
        long due = outlook();
        hold(job);
        long held = outlook();
        change(job, "lease_token = NULL, lock_waits = 2, retry_at = clock_timestamp() + interval '2 hours'");

        assertThat(outlook()).isEqualTo(waits);
        assertThat(due).isNotIn(waits, held);
        change(job, "retry_at = clock_timestamp()");
        assertThat(outlook()).isNotIn(waits, held, due);
        hold(job);
        assertThat(outlook()).isEqualTo(held);
    }

    /** Else a plan that was in vain would be none any more for as long as a worker is away. */
    @Test
    void aBatchJobThatFailsItsMigrationIsNewsWhoeverElseWorks() {
        fixture.limits(1, 1).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        queueOthers();
        DueJob job = engine.planner().plan().jobs().get(0);
        change(
                job,
                "status = 3, failure_error_code = 0, attempts = 4, retry_at = clock_timestamp() + interval '1 hour'");
        hold(onlyDue());
        fixture.setStatus("m", MigrationStatus.RUNNING);
        long waits = outlook();

        change(job, "attempts = 5");

        assertThat(outlook()).isNotEqualTo(waits);
        engine.planner().plan();
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FAILED);
    }

    @Test
    void whoHasHowManyIsNewsWhereMoreBatchJobsMayRun() {
        fixture.limits(3, 3).queueItems("m", ItemsWork.ADD_ONE, 60);
        queueOthers();
        List<DueJob> three = engine.planner().plan().jobs();
        assertThat(fixture.jobs("m", "j.id")).hasSize(2);
        assertThat(fixture.jobs("others", "j.id")).hasSize(1);
        long one = outlookWithWaiting(three, three.get(0));

        assertThat(outlookWithWaiting(three, three.get(1))).isNotEqualTo(one);
        assertThat(outlookWithWaiting(three, three.get(0))).isEqualTo(one);
    }

    @Test
    void whatIsDueIsNewsOnlyWhereItMayRun() {
        fixture.limits(1, 1).queueItems("m", ItemsWork.ADD_ONE, 1_000);
        queueOthers();
        DueJob waiting = engine.planner().plan().jobs().get(0);
        change(waiting, "lock_waits = 1, retry_at = clock_timestamp() + interval '1 hour'");
        hold(onlyDue());
        long waits = outlook();

        change(waiting, "retry_at = clock_timestamp()");
        assertThat(outlook()).isEqualTo(waits);

        fixture.limits(2, 2);
        long mayRun = outlook();
        assertThat(mayRun).isNotEqualTo(waits);
        change(waiting, "retry_at = clock_timestamp() + interval '1 hour'");
        assertThat(outlook()).isNotEqualTo(mayRun);
    }

    @Test
    void aStatusThatSomebodyWritesIsNews() {
        fixture.limits(1, 1).queueItems("m", ItemsWork.ADD_ONE, 100);
        long before = outlook();

        fixture.setStatus("m", MigrationStatus.PAUSED);
        long paused = outlook();
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(outlook()).isNotIn(before, paused);
    }

    private void queueOthers() {
        engine.store()
                .queue(NewBatchedMigration.named("others")
                        .work(ItemsWork.ADD_ONE)
                        .table("t.others")
                        .byKey("id")
                        .batchSize(100)
                        .build());
    }

    /** What a replica sees while a worker holds each of some batch jobs but one. */
    private long outlookWithWaiting(List<DueJob> jobs, DueJob waiting) {
        jobs.forEach(this::hold);
        change(waiting, "lease_token = NULL, lock_waits = 1, retry_at = clock_timestamp() + interval '1 hour'");
        return outlook();
    }

    /** What is due while the one of 'm' waits. */
    private DueJob onlyDue() {
        List<DueJob> due = engine.planner().plan().jobs();
        assertThat(due).hasSize(1);
        assertThat(fixture.jobs("others", "j.id"))
                .containsExactly(Long.toString(due.get(0).jobId()));
        return due.get(0);
    }

    /** Runs a batch job to its end, and returns what a replica sees meanwhile. */
    private long outlookDuring(long job) {
        long[] seen = new long[1];
        assertThat(engine.runner().run(job, () -> {
                    seen[0] = outlook();
                    return false;
                }))
                .isInstanceOf(BatchOutcome.Finished.class);
        return seen[0];
    }

    private long outlook() {
        return engine.planner().outlook();
    }

    private void hold(DueJob job) {
        change(job, """
                offered_at = NULL, lease_token = nextval('batched_background_migration_lease_tokens'),
                lease_owner = 'another', lease_until = clock_timestamp() + interval '1 hour', lock_waits = 0
                """);
    }

    private void change(DueJob job, String columns) {
        database.execute(
                "UPDATE batched_background_migration_jobs SET %s WHERE id = %d".formatted(columns, job.jobId()));
    }
}
