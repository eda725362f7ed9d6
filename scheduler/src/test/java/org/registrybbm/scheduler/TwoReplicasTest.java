package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class TwoReplicasTest {
    private final TestDatabase database;
    private final Fleet fleet;

    TwoReplicasTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void shareTheBatchesOfOneMigrationAndChangeEachRowOnce() throws Exception {
        Ledger users = Ledger.create(database, "users", 20_000).queue(1_000, "{}");
        CountDownLatch bothAtWork = new CountDownLatch(2);

        // One worker each: while the first replica's waits for the other, nobody but the other can take the second
        // batch.
        fleet.start(fleet.replica("one").withWorkers(1).with(meets(bothAtWork)));
        fleet.start(fleet.replica("two").withWorkers(1).with(meets(bothAtWork)));

        users.awaitFinishedExactly(Ledger.PATIENCE);
        assertThat(users.replicas()).containsExactly("one", "two");
        assertThat(users.jobs("j.lease_owner")).contains("one", "two");
        assertThat(users.jobs("j.takeover_count")).containsOnly("0");
    }

    @Test
    void foldBatchJobsThatFinishedLongAgoOnce() throws Exception {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, finished_at)
                VALUES ('old', 1, 3000, 10, 2, 'addOne', 'public.gone', 'id', now() - interval '1 minute');
                INSERT INTO batched_background_migration_walks
                    (batched_background_migration_id, table_oid, table_name, only_table, cut_whole)
                SELECT id, 0, 'public.gone', true, true FROM batched_background_migrations;
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, walk_id, min_value, max_value, status, covered_tuple_count)
                SELECT w.batched_background_migration_id, w.id, i * 10 - 9, i * 10, 2, 10
                FROM batched_background_migration_walks w, generate_series(1, 300) i
                """);
        EngineSettings settings =
                Replica.SETTINGS.toBuilder().retention(Duration.ofSeconds(1)).build();

        fleet.start(fleet.replica("one").with(settings));
        fleet.start(fleet.replica("two").with(settings));

        await().atMost(Ledger.PATIENCE)
                .until(() -> database.number(
                                "SELECT count(*) FROM batched_background_migrations WHERE folded_at IS NOT NULL")
                        == 1);
        assertThat(
                        database.text(
                                "SELECT count(*) || ' of ' || sum(1 + folded_job_count) FROM batched_background_migration_jobs"))
                .isEqualTo("102 of 300");
        assertThat(database.column("SELECT new_value FROM batched_background_migration_events WHERE event = 'folded'"))
                .containsExactly("198");
    }

    /** Each replica's first sub-batch counts the latch down and waits for the other's. */
    private static AddOne.Hook meets(CountDownLatch latch) {
        CountDownLatch first = new CountDownLatch(1);
        return context -> {
            if (first.getCount() > 0) {
                first.countDown();
                latch.countDown();
                try {
                    assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        };
    }
}
