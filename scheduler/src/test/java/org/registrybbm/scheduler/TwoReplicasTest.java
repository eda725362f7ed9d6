package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
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
