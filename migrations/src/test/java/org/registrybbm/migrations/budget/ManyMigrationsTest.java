package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a plan asks of the database follows from the workers that are free, and not from how many migrations there are. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class ManyMigrationsTest {
    private static final String WORK = "work";
    private static final int MANY = 60;

    private final EngineFixture fixture;
    private final TestDatabase database;

    ManyMigrationsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(1_000, 1_000);
    }

    private void queue(int migrations) {
        EngineFixture.clean(database).limits(1_000, 1_000).items(1, 100);
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, batch_size_fixed, status, job_signature_name, table_name, column_name)
                SELECT 'm' || i, -9223372036854775808, 9223372036854775807, 10, true, 1, 'work', 't.items', 'id'
                FROM generate_series(1, %d) i
                """.formatted(migrations));
    }

    private record Planned(Planner.Plan plan, int statements) {}

    private Planned plan(int workers) {
        StatementLog log = new StatementLog(database);
        Planner.Plan plan = EngineFixture.engine(log, EngineFixture.SETTINGS, Map.of(WORK, ItemsWork::addOne))
                .planner()
                .plan(workers);
        return new Planned(plan, log.statements().size());
    }

    private int jobs() {
        return (int) database.number("SELECT count(*) FROM batched_background_migration_jobs");
    }

    @Test
    void aPlanForOneWorkerAsksOneMigration() {
        queue(2);
        Planned few = plan(1);
        queue(MANY);
        Planned many = plan(1);

        assertThat(many.statements()).isEqualTo(few.statements());
        assertThat(many.plan().due()).hasSize(1);
        assertThat(many.plan().whole()).as("there is more").isFalse();
        assertThat(jobs()).as("what nobody can run now is not cut").isEqualTo(1);
    }

    @Test
    void whatReplicasHaveTakenIsToldBesidesWhatIsWanted() {
        queue(MANY);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, ItemsWork::addOne));
        List<DueJob> first = engine.planner().plan(3).jobs();
        assertThat(engine.offers().take(first, 3)).hasSize(3);

        Planner.Plan next = engine.planner().plan(2);

        assertThat(next.offered())
                .containsExactlyInAnyOrderElementsOf(
                        first.stream().map(DueJob::jobId).toList());
        assertThat(next.due()).hasSize(5);
        assertThat(engine.offers().take(next.jobs(), 2)).hasSize(2);
    }

    /** Each has a batch job that another worker holds or that waits for its next try, or nobody here has its code. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE batched_background_migration_jobs SET status = 3, failure_error_code = 0, attempts = 1,"
                        + " retry_at = clock_timestamp() + interval '1 hour'",
                "UPDATE batched_background_migration_jobs SET lease_token = id, lease_until = clock_timestamp() + interval '1 hour'",
                "UPDATE batched_background_migration_jobs SET lock_waits = 1, retry_at = clock_timestamp() + interval '1 hour'",
                "UPDATE batched_background_migrations SET job_signature_name = 'ofTomorrow', code_missing_since = now();"
                        + " DELETE FROM batched_background_migration_walks; DELETE FROM batched_background_migration_jobs",
                "UPDATE batched_background_migrations SET plan_failures = 1, plan_again_at = now() + interval '1 hour'",
            })
    @Sample(oneOf = 2)
    void thoseThatRestAreNotAsked(String change) {
        queue(MANY);
        database.execute("UPDATE batched_background_migrations SET batch_size = 1000");
        fixture.engine(Map.of(WORK, ItemsWork::addOne)).planner().plan(MANY);
        database.execute("UPDATE batched_background_migration_walks SET cut_whole = true");
        assertThat(jobs()).isEqualTo(MANY);
        database.execute(change);

        Planned planned = plan(1);

        assertThat(planned.plan().due()).isEmpty();
        assertThat(planned.plan().active()).isEqualTo(MANY);
        assertThat(planned.plan().whole()).isTrue();
        assertThat(planned.statements()).isLessThan(10);
    }

    @Test
    void oneWhoseTryIsDueIsAskedAlthoughAllOthersRest() {
        queue(MANY);
        database.execute("UPDATE batched_background_migrations SET batch_size = 1000");
        fixture.engine(Map.of(WORK, ItemsWork::addOne)).planner().plan(MANY);
        database.execute("""
                UPDATE batched_background_migration_walks SET cut_whole = true;
                UPDATE batched_background_migration_jobs
                SET status = 3, failure_error_code = 0, attempts = 1, retry_at = clock_timestamp() + interval '1 hour';
                UPDATE batched_background_migration_jobs SET retry_at = clock_timestamp() - interval '1 s'
                WHERE id = (SELECT max(id) FROM batched_background_migration_jobs)
                """);

        Planned planned = plan(1);

        assertThat(planned.plan().due()).hasSize(1);
    }

    @Test
    void oneThatIsAtItsEndIsFinishedWhileOthersHaveAllThatIsHandedOut() {
        queue(2);
        database.execute("UPDATE batched_background_migrations SET batch_size = 1000 WHERE name = 'm2'");
        BatchedMigrations engine = fixture.engine(Map.of(WORK, ItemsWork::addOne));
        Planner.Plan both = engine.planner().plan(2);
        long last = Long.parseLong(fixture.jobs("m2", "j.id").get(0));
        assertThat(both.due()).contains(last);
        both.due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));

        Planned planned = plan(1);

        assertThat(planned.plan().due())
                .as("of the first one")
                .containsExactly(Long.valueOf(fixture.jobs("m1", "j.id").get(1)));
        assertThat(fixture.status("m2")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void manyThatAreAskedInVainAreAskedInTurns() {
        queue(MANY);
        database.execute("UPDATE batched_background_migrations SET column_name = 'nothing'");

        Planned planned = plan(1);

        assertThat(planned.plan().whole()).isFalse();
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations WHERE status = 3"))
                .isEqualTo(20);
        fixture.runAll(Map.of(WORK, ItemsWork::addOne));
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations WHERE status = 3"))
                .isEqualTo(MANY);
    }

    @Test
    void anOverviewOfManyOfOneTableSaysOfEachWhomItWaitsFor() {
        queue(MANY);
        database.execute("UPDATE batched_background_migration_budgets SET migrations = 1 WHERE scope = 'table'");
        plan(1);

        List<MigrationOverview> overviews = fixture.engine(Map.of()).status().overviews(List.of());

        assertThat(overviews.get(1).explanation()).isEqualTo("waits for 'm1' on the same table");
        assertThat(overviews.get(MANY - 1).explanation())
                .isEqualTo("waits for 'm1' and " + (MANY - 2) + " others on the same table");
    }
}
