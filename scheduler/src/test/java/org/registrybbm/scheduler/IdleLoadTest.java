package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a replica that has nothing to do sends to the database, and that it hears of work all the same. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class IdleLoadTest {
    private static final int SECONDS = 8;

    /** Longer than it takes each replica to look. */
    private static final int STATE_SECONDS = 3;

    private final TestDatabase database;
    private final CountingPool pool;
    private final Fleet fleet;

    IdleLoadTest(TestDatabase database) {
        this.database = database;
        this.pool = new CountingPool(database);
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() throws Exception {
        fleet.close();
        pool.close();
    }

    @Test
    void anIdleReplicaSendsLessThanAStatementASecondAndStartsAtOnceWhenAMigrationIsQueued() throws Exception {
        fleet.start(Replica.of("idle", pool));
        awaitDatabaseClock(3);
        long before = pool.sent();

        awaitDatabaseClock(SECONDS);

        long sent = pool.sent() - before;
        System.out.printf("an idle replica sent %d statements in %d s, commits counted%n", sent, SECONDS);
        // A check-in of Quartz falls into the time once or twice.
        assertThat(sent).isLessThanOrEqualTo(SECONDS);

        Ledger ledger = Ledger.create(database, "queued", 10).queue(10, "{}");
        String queued = database.text("SELECT clock_timestamp()");
        ledger.awaitChangesBy("idle");
        System.out.println("from the INSERT to the first row changed: "
                + database.text("SELECT min(at) - ?::timestamptz FROM public.queued_book", queued));
        ledger.awaitFinishedExactly(Duration.ofSeconds(20));
    }

    /** One migration is another replica's, one waits for its next try, and a hundred failed for want of their code. */
    @Test
    void aReplicaWithNothingToDoAmongThoseThatWorkSendsLessThanAStatementASecond() throws Exception {
        BatchedMigrations planning = fleet.replica("planning").engine();
        Ledger.create(database, "held", 10).queue(10, "{}");
        Ledger.create(database, "waiting", 10).queue(10, "{}");
        assertThat(planning.planner().plan().due()).hasSize(2);
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = 1, lease_owner = 'other', lease_until = clock_timestamp() + interval '1 hour', attempts = 1
                WHERE id = (SELECT min(id) FROM batched_background_migration_jobs);
                UPDATE batched_background_migration_jobs
                SET status = 3, failure_error_code = 0, retry_at = clock_timestamp() + interval '1 hour', attempts = 1
                WHERE id = (SELECT max(id) FROM batched_background_migration_jobs);
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                        failure_error_code, failure_message)
                SELECT 'failed_' || i, 1, 10, 10, 3, 'ofAnotherRelease', 'public.held', 'id', 3, 'nobody knows it'
                FROM generate_series(1, 100) i
                """);
        fleet.start(Replica.of("spectator", pool));
        awaitDatabaseClock(4);
        long before = pool.sent();

        awaitDatabaseClock(SECONDS);

        long sent = pool.sent() - before;
        System.out.printf("a spectator sent %d statements in %d s, commits counted%n", sent, SECONDS);
        // About one a second, as a check-in of Quartz falls into the time once or twice, and no turn of the
        // coordinator.
        assertThat(sent).isLessThanOrEqualTo(SECONDS + 10);
    }

    /** It finds rows locked and waits, and each state lasts longer than it takes to look: what came of both is known after the first time. */
    @Test
    void aReplicaPlansInVainOnceWhileABatchJobIsTriedAgainAndAgain() throws Exception {
        Ledger.create(database, "blocked", 10).queue(1_000, "{}");
        assertThat(fleet.replica("planning").engine().planner().plan().due()).hasSize(1);
        waitOnceMore();
        fleet.start(Replica.of("spectator", pool));
        awaitDatabaseClock(4);
        tryOnce();
        long before = pool.sent();

        for (int tries = 0; tries < 3; tries++) {
            tryOnce();
        }

        long sent = pool.sent() - before;
        int seconds = 3 * 2 * STATE_SECONDS;
        System.out.printf("who watched three tries sent %d statements in %d s, commits counted%n", sent, seconds);
        // About one a second and no turn of the coordinator, of which there were six.
        assertThat(sent).isLessThanOrEqualTo(seconds + 10);
    }

    @Test
    void findsWorkByLookingWhenTheDatabaseTellsNothing() throws Exception {
        fleet.start(Replica.of("looking", pool));
        database.execute("ALTER TABLE batched_background_migrations DISABLE TRIGGER USER");
        try {
            awaitDatabaseClock(3);
            Ledger ledger = Ledger.create(database, "untold", 10).queue(10, "{}");

            ledger.awaitFinishedExactly(Duration.ofSeconds(20));
        } finally {
            database.execute("ALTER TABLE batched_background_migrations ENABLE TRIGGER USER");
        }
    }

    @Test
    void findsWorkWithin2SecondsWithoutAConnectionToListenOn() throws Exception {
        fleet.start(Replica.of("deaf", pool).withoutPresence());
        awaitDatabaseClock(3);
        Ledger ledger = Ledger.create(database, "unheard", 10).queue(10, "{}");
        String queued = database.text("SELECT clock_timestamp()");

        ledger.awaitFinishedExactly(Duration.ofSeconds(20));

        assertThat(database.text("SELECT min(at) - ?::timestamptz < interval '2 s' FROM public.unheard_book", queued))
                .isEqualTo("t");
    }

    private void tryOnce() {
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = nextval('batched_background_migration_lease_tokens'), lease_owner = 'other',
                    lease_until = clock_timestamp() + interval '1 hour'
                """);
        awaitDatabaseClock(STATE_SECONDS);
        waitOnceMore();
        awaitDatabaseClock(STATE_SECONDS);
    }

    private void waitOnceMore() {
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = NULL, lease_until = NULL, lock_waits = lock_waits + 1,
                    retry_at = clock_timestamp() + interval '1 hour'
                """);
    }

    private void awaitDatabaseClock(double seconds) {
        String until = database.text("SELECT clock_timestamp() + make_interval(secs => ?)", seconds);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> database.text("SELECT clock_timestamp() > ?::timestamptz", until)
                        .equals("t"));
    }
}
