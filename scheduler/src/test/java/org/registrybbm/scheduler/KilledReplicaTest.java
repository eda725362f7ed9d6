package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Processes that die or freeze in the middle of a batch. */
@ExtendWith(PostgresExtension.class)
class KilledReplicaTest {
    // Far less than a lease lasts: it is the end of the session that shows the death.
    private static final Duration TAKEN_OVER_WITHIN = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final TestDatabase database;
    private final Fleet fleet;
    private final List<ReplicaProcess> processes = new ArrayList<>();

    KilledReplicaTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        processes.forEach(ReplicaProcess::close);
        fleet.close();
    }

    @Test
    void theBatchesOfTwoKilledProcessesGoOnFromTheirCursorsOnTheThird() throws Exception {
        // One worker each: as long as the first process is at its batch, nobody but the second can begin the other one.
        Ledger first = Ledger.create(database, "first", 3000).queue(3000, "{\"msPerRow\": 4}");
        start("one", ReplicaMain.Freeze.NEVER);
        first.awaitChangesBy("one");
        Ledger second = Ledger.create(database, "second", 3000).queue(3000, "{\"msPerRow\": 4}");
        start("two", ReplicaMain.Freeze.NEVER);
        await().atMost(Ledger.PATIENCE).until(() -> second.changes() > 0);
        fleet.start("heir");
        String killed = database.text("SELECT clock_timestamp()");

        for (ReplicaProcess process : processes) {
            process.kill();
        }

        await().atMost(Duration.ofSeconds(30))
                .until(() ->
                        first.replicas().contains("heir") && second.replicas().contains("heir"));
        for (Ledger ledger : List.of(first, second)) {
            double seconds = Double.parseDouble(database.text(
                    "SELECT extract(epoch FROM min(at) - ?::timestamptz) FROM public." + ledger.name()
                            + "_book WHERE replica = 'heir'",
                    killed));
            System.out.printf("from the kill to the heir's first change of '%s': %.1f s%n", ledger.name(), seconds);
            assertThat(seconds).isLessThan((double) TAKEN_OVER_WITHIN.toSeconds());
            assertThat(ledger.jobs("concat_ws(' ', j.min_value, j.takeover_count, j.lease_owner)"))
                    .contains("1 1 heir");
            assertThat(database.number("SELECT min(id) FROM public." + ledger.name()
                            + "_book WHERE replica = 'heir' AND id <= 3000"))
                    .as("first row of the heir")
                    .isEqualTo(database.number(
                            "SELECT max(id) + 1 FROM public." + ledger.name() + "_book WHERE replica <> 'heir'"));
            ledger.awaitFinishedExactly(PATIENCE);
        }
    }

    @Test
    void processesFrozenInsideAndBetweenSubBatchesChangeNothingMoreWhenTheyWakeUp() throws Exception {
        Ledger inside = Ledger.create(database, "frozen_inside", 1500).queue(1500, "{\"msPerRow\": 1}");
        ReplicaProcess sleeper = start("sleeper-inside", ReplicaMain.Freeze.INSIDE);
        sleeper.awaitFrozen();
        Ledger between = Ledger.create(database, "frozen_between", 1500).queue(1500, "{\"msPerRow\": 1}");
        ReplicaProcess dreamer = start("sleeper-between", ReplicaMain.Freeze.BETWEEN);
        dreamer.awaitFrozen();
        long bySleepers = changesBySleepers(inside) + changesBySleepers(between);
        assertThat(bySleepers).as("committed before the freeze").isPositive();
        fleet.start(fleet.replica("heir").with(ReplicaMain.withShortLease()));
        inside.awaitChangesBy("heir");
        between.awaitChangesBy("heir");

        sleeper.wake();
        dreamer.wake();

        inside.awaitFinishedExactly(PATIENCE);
        between.awaitFinishedExactly(PATIENCE);
        awaitCheckIn("sleeper-inside");
        awaitCheckIn("sleeper-between");
        assertThat(changesBySleepers(inside) + changesBySleepers(between)).isEqualTo(bySleepers);
        assertThat(database.number("SELECT sum(takeover_count) FROM batched_background_migration_jobs"))
                .isGreaterThanOrEqualTo(2);
        inside.assertExact();
        between.assertExact();
    }

    private long changesBySleepers(Ledger ledger) {
        return database.number("SELECT count(*) FROM public." + ledger.name() + "_book WHERE replica <> 'heir'");
    }

    /** Waits until a woken process is at work again: Quartz checks in. */
    private void awaitCheckIn(String replica) {
        String checkIn = "SELECT last_checkin_time FROM qrtz_scheduler_state WHERE instance_name = '" + replica + "'";
        List<String> now = database.column(checkIn);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> !database.column(checkIn).equals(now));
    }

    private ReplicaProcess start(String name, ReplicaMain.Freeze freeze) throws IOException {
        ReplicaProcess process = ReplicaProcess.start(database, name, freeze);
        processes.add(process);
        return process;
    }
}
