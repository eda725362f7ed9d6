package org.registrybbm.migrations.spi;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.planning.MigrationStep;
import org.registrybbm.migrations.internal.planning.MigrationTurns;
import org.registrybbm.migrations.internal.planning.StepResult;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.internal.sharing.Contender;
import org.registrybbm.migrations.internal.sharing.ContenderQueries;
import org.registrybbm.migrations.internal.sharing.Contenders;
import org.registrybbm.migrations.internal.sharing.PlanFailures.PlanFailure;
import org.registrybbm.migrations.internal.sharing.Sharing;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.internal.tables.Troubles;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which batch jobs should run now, from the tables alone: cuts new ones, brings back failed ones that are due and those
 * whose worker died, finishes or fails migrations, and opens those again that are finished by their status alone. Any replica may ask at any time; what one of them decides does not depend on
 * who asks.
 *
 * <p>Each migration is planned in a transaction of its own, so that a sick one harms no other.
 */
public final class Planner {
    private static final Logger LOGGER = LoggerFactory.getLogger(Planner.class);

    /** Batch jobs that one plan hands out at most, besides those that replicas have taken and not begun. */
    public static final int MOST_AHEAD = 100;

    /** Migrations that one plan brings back to life at most. */
    private static final int MOST_RETRIED = 20;

    private final DataSource dataSource;
    private final EngineSettings settings;
    private final MigrationStep step;
    private final MigrationTurns turns;
    private final RegistryGate gate;

    public Planner(
            DataSource dataSource,
            EngineSettings settings,
            WorkRegistry workRegistry,
            MigrationListener listener,
            RegistryGate gate) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.gate = gate;
        this.step = new MigrationStep(dataSource, settings, workRegistry);
        this.turns = new MigrationTurns(step, listener, new Troubles());
    }

    /**
     * What should happen now.
     *
     * @param jobs batch jobs that should be run and that no worker holds, in order; at most as many as the budgets allow and were wanted,
     *     and as many more as are offered
     * @param offered batch jobs that no worker holds and that a replica has taken within {@link Offers#LAST}, due or not
     * @param active migrations that are active or running, whether they have something due or not
     * @param whole whether every migration could be planned and every batch job told that is due; else more may be due than it says
     * @param stuck why migrations that no worker works on could not be planned now, by name
     * @param settled whether the tables tell why a migration could not be planned; else only another plan finds out whether it still cannot
     */
    public record Plan(
            List<DueJob> jobs,
            Set<Long> offered,
            int active,
            boolean whole,
            Map<String, String> stuck,
            boolean settled) {
        static Plan nothing(int active) {
            return new Plan(List.of(), Set.of(), active, true, Map.of(), true);
        }

        /** Returns the keys of the batch jobs that are due. */
        public List<Long> due() {
            return jobs.stream().map(DueJob::jobId).toList();
        }
    }

    /**
     * Returns whether any migration is active or running, or is finished by its status while it is not complete: the cheapest question that tells whether to plan at all.
     *
     * @throws DatabaseException when the database cannot be asked
     */
    public boolean hasWork() {
        try {
            return Jdbc.shortly(dataSource, MigrationQueries::hasWork);
        } catch (SQLException e) {
            throw DatabaseFailures.of("look for active batched migrations", e);
        }
    }

    /**
     * Looks in one statement at what there is to do: where the number is one at which a plan found nothing, another plan finds nothing
     * either, unless the tables were changed in a way that no look sees, as by a person who deletes batch jobs.
     *
     * @throws DatabaseException when the database cannot be asked
     */
    public long outlook() {
        try {
            return Jdbc.shortly(
                    dataSource,
                    connection -> ContenderQueries.outlook(
                            connection,
                            new ContenderQueries.Patience(
                                    settings.maxJobAttempts(),
                                    settings.timeouts().missingCode())));
        } catch (SQLException e) {
            throw DatabaseFailures.of("look for batch jobs that are due", e);
        }
    }

    /**
     * Plans as {@link #plan(int)} does, for 100 workers.
     *
     * @return what is due, within the budgets
     * @throws DatabaseException when the database cannot be asked
     */
    public Plan plan() {
        return plan(MOST_AHEAD);
    }

    /**
     * Plans migrations that are active or running, until so many workers could be given batch jobs, unless the container registry's own
     * software is kept out and is at work now. Migrations that nothing can be done for are passed over, however many they are.
     *
     * @param workers how many are free, 1 to {@link #MOST_AHEAD}; batch jobs that replicas have taken and not begun are told besides
     * @return what is due, within the budgets
     * @throws DatabaseException when the database cannot be asked
     */
    public Plan plan(int workers) {
        Duration missingCode = settings.timeouts().missingCode();
        List<Contender> all = contenders(missingCode);
        return plan(reopen(all) ? contenders(missingCode) : all, id -> true, new Wanted(workers, missingCode));
    }

    /** Plans some migrations; those whose code is missing here fail at once. */
    public Plan planHere(LongPredicate wanted) {
        return plan(contenders(Duration.ZERO), wanted, new Wanted(MOST_AHEAD, Duration.ZERO));
    }

    /** Makes some migrations active again that are finished by their status alone. */
    public void reopen(LongPredicate wanted) {
        reopen(named(contenders(settings.timeouts().missingCode()), wanted));
    }

    /** Returns whether there was any. */
    private boolean reopen(List<Contender> contenders) {
        List<Contender> finished = contenders.stream()
                .filter(one -> one.status() == MigrationStatus.FINISHED)
                .toList();
        if (finished.isEmpty() || !isGateOpen()) {
            return false;
        }
        finished.forEach(one -> turns.plan(one, 0, Duration.ZERO));
        return true;
    }

    /** For how many workers to plan, and how long code may be missing. */
    private record Wanted(int workers, Duration missingCode) {}

    private Plan plan(List<Contender> all, LongPredicate which, Wanted wanted) {
        List<Contender> named = named(all, which);
        List<Contender> active = runnable(named);
        if (!isGateOpen()) {
            return Plan.nothing(active.size());
        }
        // Those that failed for want of code wait for a replica that has it.
        List<Contender> failed = named.stream()
                .filter(one -> one.status() == MigrationStatus.FAILED && step.knows(one))
                .toList();
        failed.stream().limit(MOST_RETRIED).forEach(one -> turns.plan(one, 0, wanted.missingCode()));
        Set<Long> offered =
                active.stream().flatMap(one -> one.jobs().offered().stream()).collect(Collectors.toUnmodifiableSet());
        Sharing sharing = new Sharing(active, all, wanted.workers() + offered.size());
        Map<Long, StepResult> results = ask(sharing, wanted.missingCode());
        boolean whole = failed.size() <= MOST_RETRIED
                && !sharing.isCutShort()
                && results.values().stream().noneMatch(StepResult::busy);
        boolean settled = results.values().stream().allMatch(StepResult::kept);
        return new Plan(due(sharing, results), offered, active.size(), whole, stuck(active, results), settled);
    }

    private Map<Long, StepResult> ask(Sharing sharing, Duration missingCode) {
        Map<Long, StepResult> results = new HashMap<>();
        for (Optional<Sharing.Ask> next = sharing.next(); next.isPresent(); next = sharing.next()) {
            Sharing.Ask ask = next.get();
            StepResult result = turns.plan(ask.contender(), ask.jobs(), missingCode);
            results.put(ask.contender().id(), result);
            if (result.busy()) {
                // Its share is left to it: those behind must not run ahead because another replica plans it right now.
                sharing.unknown(ask);
            } else {
                sharing.answer(ask, result.due().size());
            }
        }
        return results;
    }

    private static Map<String, String> stuck(List<Contender> active, Map<Long, StepResult> results) {
        Map<String, String> stuck = new TreeMap<>();
        for (Contender one : active) {
            PlanFailure before = one.planFailure();
            String why = before != null && before.rests()
                    ? before.message()
                    : results.getOrDefault(one.id(), StepResult.NOTHING).trouble();
            if (why != null && one.held() == 0) {
                stuck.put(one.name(), why);
            }
        }
        return Collections.unmodifiableMap(stuck);
    }

    /**
     * Leaves batch jobs that nobody holds so that the container registry's own software would run them too, where it may be the next
     * to work on them. For a shutdown, once the workers of this replica are done; to the other replicas it makes no difference.
     *
     * @throws DatabaseException when the database cannot be asked
     */
    public void leave() {
        if (!gate.isNeeded()) {
            return;
        }
        try {
            long left = Jdbc.inTransaction(dataSource, connection -> {
                Jdbc.run(connection, TransactionSettings.SHORT_TRANSACTION);
                return JobQueries.handOver(connection);
            });
            LOGGER.debug("{} batch jobs are left so that the container registry's software would run them", left);
        } catch (SQLException e) {
            throw DatabaseFailures.of("leave the batch jobs that nobody holds", e);
        }
    }

    private static List<Contender> named(List<Contender> contenders, LongPredicate wanted) {
        return contenders.stream().filter(one -> wanted.test(one.id())).toList();
    }

    /** What lacks code here is told apart: only another replica could do more than note that. */
    private List<Contender> runnable(List<Contender> contenders) {
        return contenders.stream()
                .filter(one -> one.status().isRunnable())
                .map(one -> step.knows(one) ? one : one.withoutCode())
                .toList();
    }

    /** The container registry's own software plans in the same tables, without a look at what others do there. */
    private boolean isGateOpen() {
        try {
            return Jdbc.shortly(dataSource, gate::isOpen);
        } catch (SQLException e) {
            throw DatabaseFailures.of("look whether the container registry's own software is at work", e);
        }
    }

    private List<Contender> contenders(Duration missingCode) {
        try {
            return new Contenders(dataSource, settings.maxJobAttempts()).read(missingCode);
        } catch (SQLException e) {
            throw DatabaseFailures.of("read which batched migrations are active", e);
        }
    }

    /** Returns the batch jobs that are granted, in the order of the grants. */
    private static List<DueJob> due(Sharing sharing, Map<Long, StepResult> results) {
        Map<Long, Integer> taken = new HashMap<>();
        List<DueJob> due = new ArrayList<>();
        for (Contender one : sharing.grants()) {
            List<DueJob> found =
                    results.getOrDefault(one.id(), StepResult.NOTHING).due();
            int index = taken.merge(one.id(), 1, Integer::sum) - 1;
            if (index < found.size()) {
                due.add(found.get(index));
            }
        }
        return List.copyOf(due);
    }
}
