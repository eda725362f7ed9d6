package org.registrybbm.scheduler.chaos;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One run: faults, one after the other and some at once, while one round of migrations follows the other. */
final class ChaosRun {
    private static final double LONGEST_ROUND_SECONDS = 60;

    private final Settings settings;
    private final Timeline timeline;
    private final FaultScript script;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Map<String, Integer> counts = new TreeMap<>();

    /** How many faults, of which seed, how far apart on average, and which kinds are left out. */
    record Settings(int faults, long seed, Duration gap, Set<String> without) {}

    ChaosRun(Settings settings, Timeline timeline) {
        this.settings = settings;
        this.timeline = timeline;
        this.script = new FaultScript(settings.seed(), settings.without());
    }

    /** Returns a summary. */
    String run() throws Exception {
        long began = System.nanoTime();
        try (Stage stage = new Stage(timeline, settings.seed(), seconds(settings.faults()))) {
            try {
                for (int i = 1; i <= settings.faults(); i++) {
                    stage.pass(script.gap(settings.gap()));
                    inject(stage, i, script.next());
                    stage.goOn(seconds(settings.faults() - i));
                    throwFailure();
                    stage.requireWell();
                }
                threads.shutdown();
                if (!threads.awaitTermination(90, TimeUnit.SECONDS)) {
                    throw new AssertionError("a fault did not end");
                }
                throwFailure();
                end(stage);
            } catch (Throwable e) {
                timeline.add("check", "FAILED: " + e);
                Autopsy.of(stage);
                throw e;
            } finally {
                threads.shutdownNow();
            }
            return "%d faults of seed %d in %d s, %d rounds of %d migrations and %d of %d, %d writes of the application, %s: %s"
                    .formatted(
                            settings.faults(),
                            settings.seed(),
                            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began),
                            stage.main().round().number(),
                            Workload.all().size(),
                            stage.service(1).round().number(),
                            Workload.some().size(),
                            stage.writer().written(),
                            stage.summary(),
                            counts);
        }
    }

    private void inject(Stage stage, int number, Fault fault) {
        timeline.add("fault", number + " " + fault);
        counts.merge(fault.getClass().getSimpleName(), 1, Integer::sum);
        threads.execute(() -> {
            try {
                fault.on(stage);
            } catch (Throwable e) {
                timeline.add("fault", number + " failed: " + e);
                failure.compareAndSet(null, new AssertionError("fault " + number + ", " + fault, e));
            }
        });
    }

    private void throwFailure() {
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError(thrown);
        }
    }

    /** How long the next round may take. */
    private double seconds(int faultsLeft) {
        return Math.min(LONGEST_ROUND_SECONDS, faultsLeft * settings.gap().toMillis() / 1000.0);
    }

    private void end(Stage stage) throws Exception {
        Aftermath aftermath = new Aftermath(stage);
        aftermath.heal();
        aftermath.everythingFinishes(Duration.ofMinutes(2));
        stage.services().forEach(Service::verifyAgain);
        aftermath.quartzHoldsNoOrphan();
        aftermath.replicasEnd();
        stage.closeSpectators();
        aftermath.nothingIsLeft();
        stage.services().forEach(service -> service.round().verify());
        stage.requireWell();
    }
}
