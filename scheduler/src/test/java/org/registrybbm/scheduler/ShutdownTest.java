package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A replica that stops hands back what it has, within 10 s whatever the database does. */
@ExtendWith(PostgresExtension.class)
class ShutdownTest {
    private static final Duration PROMISED = Duration.ofSeconds(10);

    private final TestDatabase database;
    private final Fleet fleet;
    private final TcpProxy proxy;
    private Set<Thread> before = Set.of();

    ShutdownTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
        this.proxy = new TcpProxy(database);
    }

    @BeforeEach
    void lookAtThreads() {
        before = Thread.getAllStackTraces().keySet();
    }

    @AfterEach
    void stop() {
        // What still waits for the database in a daemon thread then ends.
        proxy.mend();
        fleet.close();
        proxy.close();
    }

    @Test
    void finishesTheCurrentSubBatchesAndHandsTheRestBackWithoutAnAttemptCounted() throws Exception {
        Ledger ledger = Ledger.create(database, "graceful", 4000).queue(2000, "{\"msPerRow\": 2}");
        BatchedMigrationScheduler one = fleet.start("one");
        ledger.awaitChangesBy("one");

        shutdownInTime(one);

        long changed = ledger.changes();
        assertThat(changed).isBetween(1L, 3999L);
        assertHandedBack(ledger);
        ledger.assertChangesMatchCursors();
        assertThat(database.number("""
                SELECT sum((last_key ->> 0)::bigint - min_value + 1)
                FROM batched_background_migration_jobs
                WHERE last_key IS NOT NULL
                """)).as("rows up to the cursors").isEqualTo(changed);

        fleet.start("two");
        ledger.awaitFinishedExactly(Duration.ofSeconds(60));
        assertThat(ledger.jobs("j.takeover_count")).containsOnly("0");
    }

    @Test
    void endsInTimeWhenASubBatchHangsInSql() throws Exception {
        Ledger ledger = Ledger.create(database, "hanging", 100).queue(100, "{}");
        BatchedMigrationScheduler one = fleet.start(fleet.replica("one").with(context -> AddOne.sleep(context, 12)));
        awaitBackend("pg_sleep", 1);

        shutdownInTime(one);

        assertThat(ledger.changes()).isZero();
        assertNoForegroundThreadRemains();
        fleet.start("two");
        ledger.awaitFinishedExactly(Duration.ofSeconds(60));
    }

    @Test
    void endsInTimeWhenTheNetworkSwallowsEverything() throws Exception {
        Ledger ledger = Ledger.create(database, "swallowed", 2000).queue(1000, "{\"msPerRow\": 2}");
        BatchedMigrationScheduler one =
                fleet.start(Replica.of("one", proxy.database()).with(ReplicaMain.withShortLease()));
        ledger.awaitChangesBy("one");
        proxy.swallow();

        shutdownInTime(one);

        assertNoForegroundThreadRemains();
        fleet.start("two");
        ledger.awaitFinishedExactly(Duration.ofSeconds(60));
    }

    @Test
    void endsInTimeWhenTheDatabaseIsDown() throws Exception {
        Ledger ledger = Ledger.create(database, "down", 2000).queue(1000, "{\"msPerRow\": 2}");
        BatchedMigrationScheduler one =
                fleet.start(Replica.of("one", proxy.database()).with(ReplicaMain.withShortLease()));
        ledger.awaitChangesBy("one");
        proxy.cut();

        shutdownInTime(one);

        assertNoForegroundThreadRemains();
        ledger.assertChangesMatchCursors();
    }

    @Test
    void mayBeCalledTwiceAndBeforeTheStart() throws Exception {
        BatchedMigrationScheduler never = fleet.build(fleet.replica("never"));
        BatchedMigrationScheduler idle = fleet.start("idle");

        assertThatCode(() -> {
                    shutdownInTime(never);
                    shutdownInTime(never);
                    shutdownInTime(idle);
                    shutdownInTime(idle);
                })
                .doesNotThrowAnyException();
        assertThat(idle.isCheckedIn()).isFalse();
        assertThat(never.isCheckedIn()).isFalse();
    }

    @Test
    void leavesNoThreadAndNothingInQuartzWhenAllIsFinished() throws Exception {
        Ledger ledger = Ledger.create(database, "clean", 1000).queue(100, "{}");
        fleet.start("one");
        fleet.start("two");
        ledger.awaitFinishedExactly(Duration.ofSeconds(30));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> TriggerRepairTest.assertNothingLeftInQuartz(database));

        fleet.close();

        Fleet.assertNoThreadRemains(List.of());
        TriggerRepairTest.assertNothingLeftInQuartz(database);
        database.endKeptSessions();
        // The server takes a moment to end a session whose client has left.
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(
                        () -> assertThat(database.column("""
                SELECT state || ' ' || query
                FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)).as("connections").isEmpty());
    }

    private static void shutdownInTime(BatchedMigrationScheduler scheduler) {
        long began = System.nanoTime();
        scheduler.close();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(PROMISED);
    }

    private void assertHandedBack(Ledger ledger) {
        assertThat(ledger.jobs("concat_ws(' ', j.status, j.attempts, coalesce(j.lease_until::text, 'free'))"))
                .contains("3 0 free")
                .isSubsetOf("1 0 free", "2 1 free", "3 0 free");
        assertThat(ledger.jobs("CASE WHEN j.status = 3 THEN j.handed_back_at IS NOT NULL END"))
                .doesNotContain("f");
    }

    private void assertNoForegroundThreadRemains() {
        await().atMost(PROMISED)
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet().stream()
                                .filter(thread -> !before.contains(thread))
                                .filter(thread -> !thread.isDaemon())
                                .map(Thread::getName)
                                .filter(name -> !name.startsWith("awaitility")))
                        .as("threads that keep the process alive")
                        .isEmpty());
    }

    private void awaitBackend(String query, long count) {
        await().atMost(Duration.ofSeconds(20)).until(() -> database.number("""
                        SELECT count(*)
                        FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                            AND state = 'active' AND query LIKE '%' || ? || '%'
                        """, query) == count);
    }
}
