package org.registrybbm.migrations;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings migrations to their end in the calling thread, beside whatever the replicas do. */
record SynchronousRun(MigrationStore store, Planner planner, BatchRunner runner) {
    private static final Logger LOGGER = LoggerFactory.getLogger(SynchronousRun.class);
    private static final Duration WAIT = Duration.ofMillis(200);
    private static final Duration LONG_WAIT = Duration.ofSeconds(2);
    private static final Duration LONGEST_OUTAGE = Duration.ofSeconds(60);

    RunResult run(Collection<String> names, StopSignal stop) {
        store.requireSchema();
        List<BatchedMigration> named = store.list(names);
        Set<Long> wanted = named.stream().map(BatchedMigration::id).collect(Collectors.toUnmodifiableSet());
        Set<Long> failed = named.stream()
                .filter(migration -> migration.status() == MigrationStatus.FAILED)
                .map(BatchedMigration::id)
                .collect(Collectors.toUnmodifiableSet());
        store.restart(names);
        // Only now: who sets one to finished while this runs wants this to stop.
        planner.reopen(migration -> wanted.contains(migration.id()));
        runToEnd(failed, stop);
        runToEnd(wanted, stop);
        if (stop.isStopping()) {
            planner.leave();
        }
        return result(wanted);
    }

    private void runToEnd(Set<Long> wanted, StopSignal stop) {
        long lastContact = System.nanoTime();
        boolean goOn = true;
        while (goOn && !stop.isStopping()) {
            try {
                goOn = turn(wanted, stop);
                lastContact = System.nanoTime();
            } catch (DatabaseException e) {
                if (System.nanoTime() - lastContact > LONGEST_OUTAGE.toNanos()) {
                    throw e;
                }
                LOGGER.warn("{}; it is tried again for {} s", e.getMessage(), LONGEST_OUTAGE.toSeconds());
                goOn = pause(LONG_WAIT);
            }
        }
    }

    /** Runs what is due once, and returns whether anything may be left. */
    private boolean turn(Set<Long> wanted, StopSignal stop) {
        // What this process does not know, nobody here will learn: it fails at once, and lives again where it is known.
        Planner.Plan plan = planner.plan(migration -> wanted.contains(migration.id()), 0);
        boolean ran = false;
        for (long jobId : plan.due()) {
            ran |= !(runner.run(jobId, stop) instanceof BatchOutcome.NotClaimed);
        }
        return plan.active() > 0 && (ran || pause(WAIT));
    }

    private RunResult result(Set<Long> wanted) {
        List<BatchedMigration> finished = new ArrayList<>();
        List<BatchedMigration> failed = new ArrayList<>();
        List<BatchedMigration> unfinished = new ArrayList<>();
        for (BatchedMigration migration : store.list(List.of())) {
            if (wanted.contains(migration.id())) {
                switch (migration.status()) {
                    case FINISHED -> finished.add(migration);
                    case FAILED -> failed.add(migration);
                    default -> unfinished.add(migration);
                }
            }
        }
        return new RunResult(List.copyOf(finished), List.copyOf(failed), List.copyOf(unfinished));
    }

    private static boolean pause(Duration wait) {
        try {
            TimeUnit.MILLISECONDS.sleep(wait.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
