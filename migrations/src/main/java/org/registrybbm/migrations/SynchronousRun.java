package org.registrybbm.migrations;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Brings migrations to their end in the calling thread, beside whatever the replicas do. */
record SynchronousRun(MigrationStore store, Planner planner, BatchRunner runner) {
    private static final Duration WAIT = Duration.ofMillis(200);

    RunResult run(Collection<String> names, StopSignal stop) {
        store.requireSchema();
        List<BatchedMigration> named = store.list(names);
        Set<Long> wanted = named.stream().map(BatchedMigration::id).collect(Collectors.toUnmodifiableSet());
        Set<Long> failed = named.stream()
                .filter(migration -> migration.status() == MigrationStatus.FAILED)
                .map(BatchedMigration::id)
                .collect(Collectors.toUnmodifiableSet());
        store.restart(names);
        runToEnd(failed, stop);
        runToEnd(wanted, stop);
        return result(wanted);
    }

    private void runToEnd(Set<Long> wanted, StopSignal stop) {
        while (!stop.isStopping()) {
            // What this process does not know, nobody here will learn: it fails at once, and lives again where it is
            // known.
            Planner.Plan plan = planner.plan(migration -> wanted.contains(migration.id()), 0);
            boolean ran = false;
            for (long jobId : plan.due()) {
                ran |= !(runner.run(jobId, stop) instanceof BatchOutcome.NotClaimed);
            }
            if (plan.active() == 0 || !ran && !pause()) {
                break;
            }
        }
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

    private static boolean pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(WAIT.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
