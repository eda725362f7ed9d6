package org.registrybbm.app.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.registrybbm.app.internal.database.Changelog;
import org.registrybbm.app.internal.text.CommandFailure;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.budget.Budgets;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.StatusReader;

/**
 * Runs the demo: starts three replicas, kills one of them while it works, and checks every row at the end.
 *
 * @param stage what the demo runs on
 * @param rows how many rows each table gets
 * @param out where its output goes
 */
record Demo(DemoStage stage, int rows, PrintStream out) {
    private static final int REPLICAS = 3;
    private static final int VICTIM = 2;
    private static final double KILL_FROM = 0.3;
    private static final double KILL_BY = 0.6;
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final Duration START_LIMIT = Duration.ofSeconds(90);
    private static final Duration LEAST_RUN_LIMIT = Duration.ofMinutes(3);
    private static final int SLOWEST_ROWS_A_SECOND = 2_000;

    void play() throws SQLException, IOException, InterruptedException {
        DemoData data = new DemoData(stage.dataSource());
        BatchedMigrations engine = BatchedMigrations.on(stage.dataSource()).build();
        MigrationStore store = engine.store();
        out.println("applying the changelog");
        Changelog.apply(stage.dataSource());
        var unused = store.pause(List.of());
        out.println(String.format(Locale.ROOT, "making %,d manifests and %,d blobs in 64 partitions each", rows, rows));
        allow(engine.budgets());
        data.make(rows);
        List<DemoReplica> replicas = startReplicas(data);
        int started = store.start(List.of()).size();
        out.println(started + " batched migrations start");
        watch(engine.status(), replicas);
        List<String> wrong = data.wrong(rows);
        out.println();
        out.print(table(data, engine.status().overviews(List.of()), replicas));
        out.println();
        if (!wrong.isEmpty()) {
            throw new CommandFailure("not every row is right: " + String.join("; ", wrong));
        }
        out.println(String.format(Locale.ROOT, "every one of the %,d rows was changed exactly once", 2L * rows));
    }

    // All workers of the three replicas may work at once, and half of them on one migration. The number of migrations
    // on a table is not limited, because 64 of them work on the partitions of one table.
    private static void allow(Budgets budgets) {
        budgets.set(Subject.FLEET, Change.batchJobs(Limit.of(6)));
        budgets.set(Subject.EACH_MIGRATION, Change.batchJobs(Limit.of(3)));
        budgets.set(Subject.EACH_TABLE, new Change(Limit.UNLIMITED, null, Limit.UNLIMITED));
    }

    private List<DemoReplica> startReplicas(DemoData data) throws SQLException, IOException, InterruptedException {
        List<DemoReplica> replicas = new ArrayList<>();
        for (int number = 1; number <= REPLICAS; number++) {
            replicas.add(stage.start(number));
        }
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (data.joined() < REPLICAS) {
            requireAlive(replicas);
            if (System.nanoTime() > deadline) {
                throw new CommandFailure("the replicas did not start within " + START_LIMIT.toSeconds() + " s");
            }
            pause();
        }
        for (DemoReplica replica : replicas) {
            out.println("replica " + replica.number() + " is process " + replica.pid());
        }
        return replicas;
    }

    private void watch(StatusReader status, List<DemoReplica> replicas) throws IOException, InterruptedException {
        DemoView view = new DemoView(out, rows);
        DemoReplica victim = replicas.get(VICTIM - 1);
        Duration limit = Duration.ofSeconds(rows / SLOWEST_ROWS_A_SECOND).plus(LEAST_RUN_LIMIT);
        long deadline = System.nanoTime() + limit.toNanos();
        boolean killed = false;
        while (true) {
            List<MigrationOverview> overviews = status.overviews(List.of());
            if (!killed && isTimeToKill(overviews, victim)) {
                victim.kill();
                killed = true;
                view.say("replica " + VICTIM + " (process " + victim.pid() + ") is killed with SIGKILL");
            }
            view.show(overviews);
            if (DemoGroup.ALL.stream()
                    .allMatch(group -> group.standing(overviews).finished())) {
                return;
            }
            requireNoneFailed(overviews);
            requireAlive(
                    killed
                            ? replicas.stream()
                                    .filter(one -> one.number() != VICTIM)
                                    .toList()
                            : replicas);
            if (System.nanoTime() > deadline) {
                throw new CommandFailure("the batched migrations did not finish within " + limit.toSeconds() + " s");
            }
            pause();
        }
    }

    // The victim is killed once 30 % of all rows are changed and it holds a batch job, or after 60 % in any case.
    private boolean isTimeToKill(List<MigrationOverview> overviews, DemoReplica victim) {
        long migrated = 0;
        boolean busy = false;
        for (DemoGroup group : DemoGroup.ALL) {
            DemoGroup.Standing standing = group.standing(overviews);
            migrated += standing.migrated();
            busy |= standing.replicas().stream().anyMatch(victim::isNamed);
        }
        double share = (double) migrated / rows / DemoGroup.ALL.size();
        return share > KILL_BY || (busy && share > KILL_FROM);
    }

    private static void requireNoneFailed(List<MigrationOverview> overviews) {
        for (MigrationOverview overview : overviews) {
            if (overview.migration().status() == MigrationStatus.FAILED) {
                throw new CommandFailure(overview.migration().name() + " failed: " + overview.explanation());
            }
        }
    }

    private void requireAlive(List<DemoReplica> replicas) throws IOException, InterruptedException {
        for (DemoReplica replica : replicas) {
            if (!replica.process().isAlive()) {
                // Ctrl-C also reaches the replicas, a little before this process learns that it has to end.
                pause();
                if (stage.isClosed()) {
                    throw new CommandFailure("the demo was stopped");
                }
                throw new CommandFailure("replica " + replica.number() + " ended: " + replica.lastWords());
            }
        }
    }

    private TextTable table(DemoData data, List<MigrationOverview> overviews, List<DemoReplica> replicas)
            throws SQLException {
        TextTable table =
                new TextTable("Migration", "Rows", "Batches of replica 1", "2 (killed)", "3", "Takeovers", "Rows/s");
        for (DemoGroup group : DemoGroup.ALL) {
            DemoGroup.Standing standing = group.standing(overviews);
            Map<String, Long> batches = data.batches(group.signature());
            double seconds = Math.max(data.seconds(group.signature()), 1e-3);
            table.add(
                    group.title(),
                    String.format(Locale.ROOT, "%,d", standing.migrated()),
                    batchesOf(replicas.get(0), batches),
                    batchesOf(replicas.get(1), batches),
                    batchesOf(replicas.get(2), batches),
                    Long.toString(standing.takeovers()),
                    String.format(Locale.ROOT, "%,.0f", standing.migrated() / seconds));
        }
        return table;
    }

    private static String batchesOf(DemoReplica replica, Map<String, Long> batches) {
        long count = batches.entrySet().stream()
                .filter(entry -> replica.isNamed(entry.getKey()))
                .mapToLong(Map.Entry::getValue)
                .sum();
        return Long.toString(count);
    }

    private static void pause() throws InterruptedException {
        var unused = new CountDownLatch(1).await(LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }
}
