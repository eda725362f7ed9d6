package org.registrybbm.scheduler.chaos;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.quartz.SchedulerException;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.scheduler.BatchedMigrationScheduler;

/**
 * The main of a {@link ReplicaProcess}. It says what happens on its standard output and obeys {@code clock <ms>},
 * {@code exhaust <ms>} and {@code ail <ailment> <call> <calls> <ms>} on its standard input, whose end is its own.
 */
public final class ChaosReplica {
    private static final int WORKERS = 2;

    private ChaosReplica() {}

    /** Runs the replica: the URL for rows, the URL for Quartz, its name, and whether its code is old. */
    public static void main(String[] args) throws Exception {
        String name = args[2];
        boolean old = Boolean.parseBoolean(args[3]);
        SmallPool data = new SmallPool(args[0] + "&ApplicationName=" + name, WORKERS + 3);
        SmallPool quartz = new SmallPool(
                args[1] + "&ApplicationName=" + name + "-quartz", BatchedMigrationScheduler.Builder.poolSize(WORKERS));
        BatchedMigrations engine = BatchedMigrations.on(data.dataSource())
                .replica(name)
                .settings(settings())
                .workRegistry(old ? WorkRegistry.shipped() : ChaosWork.registry())
                .listener(ChaosReplica::tell)
                .build();
        BatchedMigrationScheduler scheduler = BatchedMigrationScheduler.on(engine)
                .quartzDataSource(quartz.dataSource())
                .replica(name)
                .workers(WORKERS)
                .build();
        Thread obey = new Thread(() -> obey(data), "obey");
        obey.setDaemon(true);
        obey.start();
        Ailment.complainTo(text -> say(ReplicaProcess.COMPLAINT + text));
        AtomicBoolean ending = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            ending.set(true);
            scheduler.close();
            say("stopped");
        }));
        start(scheduler);
        watchCoordinator(ending);
    }

    /** Nothing else in the replica notices when it is gone: whatever an author's code throws, it must go on. */
    private static void watchCoordinator(AtomicBoolean ending) throws InterruptedException {
        while (true) {
            boolean lives = Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread -> thread.getName().equals("bbm-coordinator"));
            if (!lives && !ending.get()) {
                say(ReplicaProcess.COMPLAINT + "its coordinator is gone");
            }
            TimeUnit.MILLISECONDS.sleep(500);
        }
    }

    /** Short leases and time-outs, so that a freeze of some seconds outlasts them all. */
    private static EngineSettings settings() {
        return EngineSettings.builder()
                .maxJobAttempts(10)
                .batchTarget(Duration.ofSeconds(2))
                .subBatchTarget(Duration.ofMillis(80))
                .statementTimeout(Duration.ofSeconds(5))
                .lockTimeout(Duration.ofMillis(500))
                .idleInTransactionTimeout(Duration.ofSeconds(2))
                .lease(Duration.ofSeconds(3))
                .retryDelay(Duration.ofMillis(500))
                .missingCode(Duration.ofHours(1))
                .build();
    }

    /** As a container does whose process ends when the database is away: again and again. */
    private static void start(BatchedMigrationScheduler scheduler) throws SchedulerException, InterruptedException {
        while (true) {
            try {
                scheduler.start();
                say("started");
                return;
            } catch (DatabaseException | SchedulerException e) {
                say("could not start yet: " + e.getMessage());
                TimeUnit.MILLISECONDS.sleep(500);
            }
        }
    }

    private static void obey(SmallPool data) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", -1);
                long millis = Long.parseLong(words[words.length - 1]);
                switch (words[0]) {
                    case "clock" -> ReplicaClock.jumpTo(millis);
                    case "exhaust" -> data.exhaust(Duration.ofMillis(millis));
                    default ->
                        Ailment.valueOf(words[1])
                                .attack(Ailment.Call.valueOf(words[2]), Integer.parseInt(words[3]), millis);
                }
                say("obeyed " + line);
            }
        } catch (Exception e) {
            say("cannot obey: " + e);
        }
        Runtime.getRuntime().halt(0);
    }

    private static void tell(MigrationEvent event) {
        String name = event.migration().name();
        if (event instanceof MigrationEvent.BatchStarted e) {
            say("%s started job %d attempt %d%s"
                    .formatted(name, e.job().id(), e.job().attempts(), e.takeover() ? ", a takeover" : ""));
        } else if (event instanceof MigrationEvent.SubBatchCommitted e) {
            say("%s committed job %d to %s, %d rows"
                    .formatted(name, e.job().id(), e.job().lastKey(), e.migrated()));
        } else if (event instanceof MigrationEvent.BatchFinished e) {
            say("%s finished job %d".formatted(name, e.job().id()));
        } else if (event instanceof MigrationEvent.BatchFailed e) {
            say("%s failed job %d attempt %d: %s"
                    .formatted(
                            name, e.job().id(), e.job().attempts(), e.failure().message()));
        } else if (event instanceof MigrationEvent.BatchHandedBack e) {
            say("%s handed back job %d: %s".formatted(name, e.job().id(), e.reason()));
        } else if (event instanceof MigrationEvent.BatchLost e) {
            say("%s lost job %d: %s".formatted(name, e.job().id(), e.why()));
        } else if (event instanceof MigrationEvent.MigrationFailed e) {
            say("%s FAILED: %s".formatted(name, e.failure().message()));
        } else {
            say(name + " " + event.getClass().getSimpleName());
        }
    }

    @SuppressWarnings("SystemOut")
    private static synchronized void say(String text) {
        System.out.println(text);
    }
}
