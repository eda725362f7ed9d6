package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Of all replicas whose plans say that a batch job is due, one takes it; and none waits for another one that does. */
@ExtendWith(PostgresExtension.class)
class OffersTest {
    private final TestDatabase database;
    private final EngineFixture fixture;
    private final BatchedMigrations one;
    private final BatchedMigrations other;
    private final List<DueJob> due;

    OffersTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(3, 3).items(1, 300);
        fixture.queueItems("offered", ItemsWork.ADD_ONE, 100);
        this.one = fixture.engine(Map.of());
        this.other = fixture.engine(Map.of());
        this.due = one.planner().plan().jobs();
        assertThat(due).hasSize(3);
    }

    @Test
    void eachIsTakenByOneReplicaAndAsManyAsItWants() {
        assertThat(one.offers().take(due, 2)).containsExactly(due.get(0), due.get(1));
        assertThat(other.offers().take(due, 2)).containsExactly(due.get(2));
        assertThat(one.offers().take(due, 2)).isEmpty();
    }

    @Test
    void nothingIsTakenWithoutAFreeWorker() {
        assertThat(one.offers().take(due, 0)).isEmpty();
        assertThat(one.offers().take(due, -1)).isEmpty();
        assertThat(other.offers().take(due, 3)).isEqualTo(due);
    }

    @Test
    void theyAreTakenInTheOrderOfThePlan() {
        List<DueJob> backwards = List.of(due.get(2), due.get(1), due.get(0));

        assertThat(one.offers().take(backwards, 1)).containsExactly(due.get(2));
        assertThat(one.offers().take(backwards, 2)).containsExactly(due.get(1), due.get(0));
    }

    /** Whoever took it has died as well, or the time is of a server whose clock was ahead. */
    @Test
    void whatNobodyBeganIsTakenByAnotherReplica() {
        one.offers().take(due, 3);
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET offered_at = clock_timestamp() + CASE id WHEN %d THEN interval '-3.1 s' ELSE interval '1 hour' END
                WHERE id <> %d
                """.formatted(due.get(0).jobId(), due.get(2).jobId()));

        assertThat(other.offers().take(due, 3)).containsExactly(due.get(0), due.get(1));
    }

    @Test
    void whatIsWithdrawnIsTakenByAnotherReplica() {
        one.offers().take(due, 3);

        one.offers().withdraw(Set.of(due.get(1).jobId()));

        assertThat(other.offers().take(due, 3)).containsExactly(due.get(1));
    }

    @Test
    void whatWasBegunAndHandedBackIsTakenAtOnce() {
        one.offers().take(due, 1);
        assertThat(one.runner().run(due.get(0).jobId(), () -> true)).isInstanceOf(BatchOutcome.HandedBack.class);

        assertThat(other.offers().take(due, 1)).containsExactly(due.get(0));
    }

    /** A plan that is older than the claim, or than the death, says nothing of now. */
    @Test
    void whatWasClaimedSinceThePlanIsNotTaken() {
        claim(due.get(0).jobId(), 7);
        assertThat(one.offers().take(due, 1)).containsExactly(due.get(1));

        DueJob orphan = new DueJob(due.get(0).jobId(), 7L);
        claim(due.get(0).jobId(), 8);
        assertThat(one.offers().take(List.of(orphan), 1)).isEmpty();

        claim(due.get(0).jobId(), 7);
        assertThat(one.offers().take(List.of(orphan), 1)).containsExactly(orphan);
    }

    @Test
    void whatIsFinishedIsNotTaken() {
        one.runner().run(due.get(0).jobId(), StopSignal.NEVER);

        assertThat(other.offers().take(due, 1)).containsExactly(due.get(1));
    }

    @Test
    void aRowThatSomebodyHoldsIsPassedOver() throws SQLException {
        try (Connection holder = database.getConnection();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("SELECT FROM batched_background_migration_jobs WHERE id = "
                    + due.get(0).jobId() + " FOR UPDATE");

            assertThat(one.offers().take(due, 1)).containsExactly(due.get(1));
            one.offers().withdraw(Set.of(due.get(0).jobId()));
            holder.rollback();
        }
    }

    private void claim(long job, long token) {
        database.execute(
                "UPDATE batched_background_migration_jobs SET lease_token = %d WHERE id = %d".formatted(token, job));
    }
}
