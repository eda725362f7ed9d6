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
 * Decides from the tables which batch jobs should run now. A plan cuts new batch jobs, and brings back failed ones that are due and those
 * whose worker died. It finishes and fails migrations, and makes migrations active again whose status says finished although they are not
 * complete. Any replica may plan at any time. All replicas come to the same decisions, except that a replica cannot plan migrations whose
 * work function or batching strategy it does not have.
 *
 * <p>Each migration is planned in a transaction of its own, so a failing one never blocks the others.
 */
public final class Planner {
    private static final Logger LOGGER = LoggerFactory.getLogger(Planner.class);

    /** The most batch jobs that one plan hands out, besides those that replicas have taken and not begun. */
    public static final int MOST_AHEAD = 100;

    /** The most failed migrations that one plan makes active again because this replica has their code. */
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
     * @param jobs the batch jobs that should run and that no worker holds, in order; within the budgets, and at most as many as were wanted
     *     plus as many as are offered
     * @param offered the batch jobs that no worker holds and that a replica has taken within {@link Offers#LAST}, whether due or not
     * @param active how many migrations are active or running, whether they have anything due or not
     * @param whole false if more may be due than the plan says, because another replica was planning a migration or because the plan
     *     reached one of its limits
     * @param stuck why migrations that no worker works on could not be planned now, by the names of the migrations
     * @param settled false if the tables do not show that a migration could not be planned, so that only another plan finds out whether it
     *     can be planned again
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

        /** Returns the ids of the batch jobs that should run. */
        public List<Long> due() {
            return jobs.stream().map(DueJob::jobId).toList();
        }
    }

    /**
     * Returns whether any migration is active or running, or is not complete although its status is finished. This is the cheapest way to
     * find out whether a plan is of any use.
     *
     * @throws DatabaseException if the database cannot be reached or the statement fails
     */
    public boolean hasWork() {
        try {
            return Jdbc.shortly(dataSource, MigrationQueries::hasWork);
        } catch (SQLException e) {
            throw DatabaseFailures.of("look for active batched migrations", e);
        }
    }

    /**
     * Condenses everything that may give a plan something to do into one number, with one statement. If a plan found nothing at a number,
     * it finds nothing when the same number comes again. Only changes that the number does not cover are an exception, for example if a
     * person deletes batch jobs.
     *
     * @throws DatabaseException if the database cannot be reached or the statement fails
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
     * @return what is due within the budgets
     * @throws DatabaseException if the database cannot be reached or a statement fails
     */
    public Plan plan() {
        return plan(MOST_AHEAD);
    }

    /**
     * Plans migrations that are active or running, until there are batch jobs for the given number of workers. Migrations that rest are
     * passed over, however many they are. If 20 migrations that do not rest turn out to have nothing for a worker, the plan ends early.
     *
     * <p>The plan is empty while this replica must keep the container registry's own software out and does not hold the lock for that.
     *
     * @param workers how many workers are free, 1 to {@link #MOST_AHEAD}; batch jobs that replicas have taken and not begun come on top
     * @return what is due within the budgets
     * @throws DatabaseException if the database cannot be reached or a statement fails
     */
    public Plan plan(int workers) {
        Duration missingCode = settings.timeouts().missingCode();
        List<Contender> all = contenders(missingCode);
        return plan(reopen(all) ? contenders(missingCode) : all, id -> true, new Wanted(workers, missingCode));
    }

    /**
     * Plans some migrations. Those whose code this replica does not have fail at once, unless another replica works on them.
     *
     * @param wanted tells by its id whether a migration is planned
     * @return what is due within the budgets
     * @throws DatabaseException if the database cannot be reached or a statement fails
     */
    public Plan planHere(LongPredicate wanted) {
        return plan(contenders(Duration.ZERO), wanted, new Wanted(MOST_AHEAD, Duration.ZERO));
    }

    /**
     * Makes migrations active again whose status says finished although they are not complete.
     *
     * @param wanted tells by its id whether a migration may be made active
     * @throws DatabaseException if the database cannot be reached or a statement fails
     */
    public void reopen(LongPredicate wanted) {
        reopen(named(contenders(settings.timeouts().missingCode()), wanted));
    }

    /** Does the same for some contenders, and returns whether there was any such migration. */
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
        // Migrations that failed because no replica had their code wait for a replica that has it.
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
                // Another replica is planning this migration right now. Its share is kept for it, so that migrations
                // behind it do not get ahead of it.
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
     * Leaves batch jobs that nobody holds in a state in which the container registry's own software would run them too. Does nothing if
     * that software need not be kept out of this database. To be called at a shutdown, after the workers of this replica have ended. It
     * makes no difference to other replicas.
     *
     * @throws DatabaseException if the database cannot be reached or a statement fails
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

    /**
     * Returns the migrations that are active or running. Those whose code this replica does not have are marked, because it can do no more
     * than note that.
     */
    private List<Contender> runnable(List<Contender> contenders) {
        return contenders.stream()
                .filter(one -> one.status().isRunnable())
                .map(one -> step.knows(one) ? one : one.withoutCode())
                .toList();
    }

    /**
     * Returns whether this replica may plan now. While the container registry's own software is at work, it may not, because that software
     * plans in the same tables and does not look at what others do there.
     */
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

    /** Returns the batch jobs that were granted, in the order of the grants. */
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
