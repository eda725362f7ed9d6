package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Limits hold over all replicas, and are reached. */
@ExtendWith(PostgresExtension.class)
class LimitsTest {
    private final TestDatabase database;
    private final Fleet fleet;
    private final Map<String, AtomicInteger> now = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> most = new ConcurrentHashMap<>();

    LimitsTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void twoBatchJobsOfAMigrationAndThreeInAllRunAtOnceOverThreeReplicas() throws Exception {
        Ledger first = Ledger.create(database, "first", 1000).queue(50, "{\"msPerRow\": 0.2}");
        Ledger second = Ledger.create(database, "second", 1000).queue(50, "{\"msPerRow\": 0.2}");
        CountDownLatch full = new CountDownLatch(3);
        fleet.limits(3, 2);
        for (String name : new String[] {"one", "two", "three"}) {
            fleet.start(fleet.replica(name).withWorkers(4).with(context -> count(context, full)));
        }

        first.awaitFinishedExactly(Ledger.PATIENCE);
        second.awaitFinishedExactly(Ledger.PATIENCE);

        assertThat(most.get("all")).hasValue(3);
        assertThat(most.get("public.first")).hasValueLessThanOrEqualTo(2);
        assertThat(most.get("public.second")).hasValueLessThanOrEqualTo(2);
    }

    @Test
    void withOneInAllTheFleetWorksOneBatchAtATime() throws Exception {
        Ledger first = Ledger.create(database, "single_a", 500).queue(50, "{}");
        Ledger second = Ledger.create(database, "single_b", 500).queue(50, "{}");
        fleet.limits(1, 1);
        for (String name : new String[] {"one", "two", "three"}) {
            fleet.start(fleet.replica(name).withWorkers(2).with(context -> count(context, new CountDownLatch(0))));
        }

        first.awaitFinishedExactly(Ledger.PATIENCE);
        second.awaitFinishedExactly(Ledger.PATIENCE);

        assertThat(most.get("all")).hasValue(1);
    }

    @Test
    void aReplicaAloneReachesTheLimitAlthoughItLeavesOthersTime() throws Exception {
        Ledger alone = Ledger.create(database, "alone", 1000).queue(100, "{}");
        CountDownLatch full = new CountDownLatch(2);
        fleet.start(fleet.replica("one").withWorkers(2).with(context -> count(context, full)));

        alone.awaitFinishedExactly(Ledger.PATIENCE);

        assertThat(most.get("all")).hasValue(2);
    }

    @Test
    void aBudgetChangedBySqlIsObeyedByEveryReplica() throws Exception {
        Ledger ledger = Ledger.create(database, "changed", 1500).queue(100, "{\"msPerRow\": 2}");
        fleet.limits(0, 4);
        for (String name : new String[] {"one", "two", "three"}) {
            fleet.start(name);
        }
        await().during(Duration.ofSeconds(3)).atMost(Duration.ofSeconds(20)).until(() -> ledger.changes() == 0);

        fleet.limits(4, 4);
        await().atMost(Duration.ofSeconds(20)).until(() -> leases() >= 3);

        fleet.limits(0, 4);
        await().atMost(Duration.ofSeconds(20)).until(() -> leases() == 0);
        long changes = ledger.changes();
        await().during(Duration.ofSeconds(2)).atMost(Duration.ofSeconds(20)).until(() -> ledger.changes() == changes);

        fleet.limits(4, 4);
        ledger.awaitFinishedExactly(Ledger.PATIENCE);
    }

    @Test
    void aSmallMigrationDoesNotStarveBehindABigOne() throws Exception {
        Ledger big = Ledger.create(database, "big", 6000).queue(50, "{\"msPerRow\": 2}");
        for (String name : new String[] {"one", "two"}) {
            fleet.start(name);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> leases() == 2);

        Ledger small = Ledger.create(database, "small", 200).queue(50, "{\"msPerRow\": 2}");
        small.awaitFinishedExactly(Ledger.PATIENCE);

        assertThat(big.status()).as("status of the big one").isEqualTo(4);
        big.setStatus(0);
    }

    private long leases() {
        return database.number("SELECT count(lease_token) FROM batched_background_migration_jobs WHERE status = 1");
    }

    /** Counts who is inside; the first ones stay until the latch shows that as many are inside as may be. */
    private void count(WorkContext context, CountDownLatch full) {
        enter("all");
        enter(context.table());
        try {
            full.countDown();
            assertThat(full.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            leave(context.table());
            leave("all");
        }
    }

    private void enter(String what) {
        int inside = now.computeIfAbsent(what, key -> new AtomicInteger()).incrementAndGet();
        most.computeIfAbsent(what, key -> new AtomicInteger()).accumulateAndGet(inside, Math::max);
    }

    private void leave(String what) {
        now.computeIfAbsent(what, key -> new AtomicInteger()).decrementAndGet();
    }
}
