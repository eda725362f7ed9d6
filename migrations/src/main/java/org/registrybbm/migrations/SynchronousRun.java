package org.registrybbm.migrations;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.BatchRunner;
import org.registrybbm.migrations.spi.Planner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs migrations to their end in the calling thread. Replicas may work on the same migrations meanwhile. */
record SynchronousRun(MigrationStore store, Planner planner, BatchRunner runner, Duration longestTrouble) {
    private static final Logger LOGGER = LoggerFactory.getLogger(SynchronousRun.class);
    private static final Duration WAIT = Duration.ofMillis(200);
    private static final Duration LONG_WAIT = Duration.ofSeconds(2);
    private static final Duration LONGEST_OUTAGE = Duration.ofSeconds(60);
    private static final Duration LONGEST_TROUBLE = Duration.ofSeconds(60);

    SynchronousRun(MigrationStore store, Planner planner, BatchRunner runner) {
        this(store, planner, runner, LONGEST_TROUBLE);
    }

    /**
     * The result of one turn, in which everything that is due runs once.
     *
     * @param goOn whether anything may be left to do
     * @param stuck why no migration could be planned, by the names of the migrations; empty if the run may get any further
     */
    private record Turn(boolean goOn, Map<String, String> stuck) {}

    RunResult run(Collection<String> names, StopSignal stop) {
        store.requireSchema();
        List<BatchedMigration> named = store.list(names);
        Set<Long> wanted = named.stream().map(BatchedMigration::id).collect(Collectors.toUnmodifiableSet());
        Set<Long> failed = named.stream()
                .filter(migration -> migration.status() == MigrationStatus.FAILED)
                .map(BatchedMigration::id)
                .collect(Collectors.toUnmodifiableSet());
        store.startEvenFailed(names);
        // This is done only at the start. Whoever sets a migration to finished while this runs wants the run to stop.
        planner.reopen(wanted::contains);
        boolean stopped = runToEnd(failed, stop) | runToEnd(wanted, stop);
        if (stopped) {
            planner.leave();
        }
        return result(wanted);
    }

    /** Runs those of some migrations that are active, until nothing of them is due, and changes no status but as a replica does. */
    RunResult runActive(Collection<String> names, StopSignal stop) {
        List<BatchedMigration> named = store.list(names);
        Set<Long> wanted = named.stream().map(BatchedMigration::id).collect(Collectors.toUnmodifiableSet());
        Turn turn = new Turn(true, Map.of());
        while (turn.goOn() && !stop.isStopping()) {
            turn = turn(wanted, stop);
        }
        if (turn.goOn()) {
            planner.leave();
        }
        return result(wanted);
    }

    /** Returns whether the run was stopped before the end. */
    private boolean runToEnd(Set<Long> wanted, StopSignal stop) {
        long lastContact = System.nanoTime();
        long lastHope = lastContact;
        boolean goOn = true;
        while (goOn) {
            if (stop.isStopping()) {
                return true;
            }
            Turn turn = new Turn(true, Map.of());
            try {
                turn = turn(wanted, stop);
                goOn = turn.goOn();
                lastContact = System.nanoTime();
            } catch (DatabaseException e) {
                if (stop.isStopping()) {
                    return true;
                }
                if (System.nanoTime() - lastContact > LONGEST_OUTAGE.toNanos()) {
                    throw e;
                }
                LOGGER.warn("{}; trying again for up to {} s", e.getMessage(), LONGEST_OUTAGE.toSeconds());
                goOn = pause(LONG_WAIT);
            }
            if (turn.stuck().isEmpty()) {
                lastHope = System.nanoTime();
            } else if (System.nanoTime() - lastHope > longestTrouble.toNanos()) {
                throw new DatabaseException(hopeless(turn.stuck()));
            }
        }
        return false;
    }

    /** Plans, and runs everything that is due once. */
    private Turn turn(Set<Long> wanted, StopSignal stop) {
        // A migration whose code is missing here fails at once, because this process will never have it. A replica that
        // has the code makes the migration active again.
        Planner.Plan plan = planner.planHere(wanted::contains);
        boolean ran = false;
        for (long jobId : plan.due()) {
            ran |= !(runner.run(jobId, stop) instanceof BatchOutcome.NotClaimed);
        }
        boolean hopeless = !ran && plan.stuck().size() == plan.active();
        return new Turn(plan.active() > 0 && (ran || pause(WAIT)), hopeless ? plan.stuck() : Map.of());
    }

    private String hopeless(Map<String, String> stuck) {
        return stuck.entrySet().stream()
                .map(each -> "'" + each.getKey() + "': " + each.getValue())
                .collect(Collectors.joining(
                        "; ",
                        "could not plan for " + longestTrouble.toSeconds() + " s, and nothing"
                                + " else is left to run: ",
                        ""));
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
