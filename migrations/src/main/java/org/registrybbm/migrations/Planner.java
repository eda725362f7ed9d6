package org.registrybbm.migrations;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.Guards;
import org.registrybbm.migrations.internal.JobQueries;
import org.registrybbm.migrations.internal.MigrationQueries;
import org.registrybbm.migrations.internal.MigrationStep;
import org.registrybbm.migrations.internal.PlanFailures.PlanFailure;
import org.registrybbm.migrations.internal.RegistryGate;
import org.registrybbm.migrations.internal.Sharing;
import org.registrybbm.migrations.internal.SharingQueries;
import org.registrybbm.migrations.internal.SharingQueries.Contender;
import org.registrybbm.migrations.internal.Sql;
import org.registrybbm.migrations.internal.Troubles;
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

    private final DataSource dataSource;
    private final EngineSettings settings;
    private final MigrationListener listener;
    private final MigrationStep step;
    private final Troubles troubles = new Troubles();
    private final RegistryGate gate;

    Planner(
            DataSource dataSource,
            EngineSettings settings,
            WorkRegistry workRegistry,
            MigrationListener listener,
            RegistryGate gate) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.listener = listener;
        this.gate = gate;
        this.step = new MigrationStep(dataSource, settings, workRegistry);
    }

    /**
     * What should happen now.
     *
     * @param jobs batch jobs that should be run and that no worker holds, in order; at most as many as the budgets allow, and 100
     * @param active migrations that are active or running, whether they have something due or not
     * @param whole whether every migration could be planned; else more may be due than it says
     * @param stuck why migrations that no worker works on could not be planned now, by name
     * @param settled whether the tables tell why a migration could not be planned; else only another plan finds out whether it still cannot
     */
    public record Plan(List<Due> jobs, int active, boolean whole, Map<String, String> stuck, boolean settled) {
        /** Returns the keys of the batch jobs that are due. */
        public List<Long> due() {
            return jobs.stream().map(Due::jobId).toList();
        }
    }

    /**
     * A batch job that is due.
     *
     * @param jobId its key
     * @param deadToken the lease token of a worker that held it and gives no sign of life, or null when none did
     */
    public record Due(long jobId, @Nullable Long deadToken) {}

    /**
     * Returns whether any migration is active or running, or is finished by its status while it is not complete: the cheapest question that tells whether to plan at all.
     *
     * @throws DatabaseException when the database cannot be asked
     */
    public boolean hasWork() {
        try {
            return Sql.shortly(dataSource, MigrationQueries::hasWork);
        } catch (SQLException e) {
            throw DatabaseException.of("look for active batched migrations", e);
        }
    }

    /**
     * Looks in one statement at what there is to do: the number is another one when a plan may say something else than the one before.
     *
     * @throws DatabaseException when the database cannot be asked
     */
    public long outlook() {
        try {
            return Sql.shortly(dataSource, SharingQueries::outlook);
        } catch (SQLException e) {
            throw DatabaseException.of("look for batch jobs that are due", e);
        }
    }

    /**
     * Plans every migration that is active or running, unless the container registry's own software is kept out and is at work now.
     *
     * @return what is due, within the budgets
     * @throws DatabaseException when the database cannot be asked
     */
    public Plan plan() {
        double missingCodeSeconds = settings.timeouts().missingCode().toMillis() / 1000.0;
        List<Contender> all = contenders();
        return plan(reopen(all) ? contenders() : all, migration -> true, missingCodeSeconds);
    }

    /** Plans some migrations; those whose code is missing here fail after the given seconds. */
    Plan plan(Predicate<BatchedMigration> wanted, double missingCodeSeconds) {
        return plan(contenders(), wanted, missingCodeSeconds);
    }

    /** Makes some migrations active again that are finished by their status alone. */
    void reopen(Predicate<BatchedMigration> wanted) {
        reopen(named(contenders(), wanted));
    }

    /** Returns whether there was any. */
    private boolean reopen(List<Contender> contenders) {
        List<Contender> finished = contenders.stream()
                .filter(one -> one.migration().status() == MigrationStatus.FINISHED)
                .toList();
        if (finished.isEmpty() || !isGateOpen()) {
            return false;
        }
        finished.forEach(one -> plan(one, 0, 0));
        return true;
    }

    private Plan plan(List<Contender> all, Predicate<BatchedMigration> wanted, double missingCodeSeconds) {
        List<Contender> named = named(all, wanted);
        if (!isGateOpen()) {
            return new Plan(List.of(), runnable(named).size(), true, Map.of(), true);
        }
        for (Contender failed : named) {
            // Those that failed for want of code wait for a replica that has it.
            if (failed.migration().status() == MigrationStatus.FAILED && step.knows(failed.migration())) {
                plan(failed, 0, missingCodeSeconds);
            }
        }
        List<Contender> active = runnable(named);
        Sharing sharing = new Sharing(active, all);
        Map<Long, MigrationStep.Result> results = new HashMap<>();
        for (Optional<Sharing.Ask> next = sharing.next(); next.isPresent(); next = sharing.next()) {
            Sharing.Ask ask = next.get();
            MigrationStep.Result result = plan(ask.contender(), ask.jobs(), missingCodeSeconds);
            results.put(ask.contender().id(), result);
            if (result.busy()) {
                // Its share is left to it: those behind must not run ahead because another replica plans it right now.
                sharing.unknown(ask);
            } else {
                sharing.answer(ask, result.due().size());
            }
        }
        boolean whole = results.values().stream().noneMatch(MigrationStep.Result::busy);
        boolean settled = results.values().stream().allMatch(MigrationStep.Result::kept);
        return new Plan(due(sharing, results), active.size(), whole, stuck(active, results), settled);
    }

    private static Map<String, String> stuck(List<Contender> active, Map<Long, MigrationStep.Result> results) {
        Map<String, String> stuck = new TreeMap<>();
        for (Contender one : active) {
            String why =
                    results.getOrDefault(one.id(), MigrationStep.Result.NOTHING).trouble();
            if (why != null && one.held() == 0) {
                stuck.put(one.migration().name(), why);
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
            long left = Sql.inTransaction(dataSource, connection -> {
                Sql.run(connection, Guards.SHORT_TRANSACTION);
                return JobQueries.handOver(connection);
            });
            LOGGER.debug("{} batch jobs are left so that the container registry's software would run them", left);
        } catch (SQLException e) {
            throw DatabaseException.of("leave the batch jobs that nobody holds", e);
        }
    }

    private static List<Contender> named(List<Contender> contenders, Predicate<BatchedMigration> wanted) {
        return contenders.stream().filter(one -> wanted.test(one.migration())).toList();
    }

    private static List<Contender> runnable(List<Contender> contenders) {
        return contenders.stream()
                .filter(one -> one.migration().status().isRunnable())
                .toList();
    }

    /** The container registry's own software plans in the same tables, without a look at what others do there. */
    private boolean isGateOpen() {
        try {
            return Sql.shortly(dataSource, gate::isOpen);
        } catch (SQLException e) {
            throw DatabaseException.of("look whether the container registry's own software is at work", e);
        }
    }

    private List<Contender> contenders() {
        try {
            List<Contender> contenders = readContenders();
            List<Contender> strangers =
                    contenders.stream().filter(Contender::isRootUnknown).toList();
            // The budgets of a table are found by what the rows say.
            strangers.forEach(this::keepRoot);
            return strangers.isEmpty() ? contenders : readContenders();
        } catch (SQLException e) {
            throw DatabaseException.of("read which batched migrations are active", e);
        }
    }

    private List<Contender> readContenders() throws SQLException {
        return Sql.inTransaction(dataSource, connection -> {
            Sql.run(connection, Guards.SHORT_TRANSACTION);
            return SharingQueries.contenders(connection);
        });
    }

    private void keepRoot(Contender contender) {
        try {
            step.keepRoot(contender);
        } catch (SQLException e) {
            LOGGER.debug(
                    "could not write down the root table of '{}' yet",
                    contender.migration().name(),
                    e);
        }
    }

    /** Returns the batch jobs that are granted, in the order of the grants. */
    private static List<Due> due(Sharing sharing, Map<Long, MigrationStep.Result> results) {
        Map<Long, Integer> taken = new HashMap<>();
        List<Due> due = new ArrayList<>();
        for (Contender one : sharing.grants()) {
            List<Due> found =
                    results.getOrDefault(one.id(), MigrationStep.Result.NOTHING).due();
            int index = taken.merge(one.id(), 1, Integer::sum) - 1;
            if (index < found.size()) {
                due.add(found.get(index));
            }
        }
        return List.copyOf(due);
    }

    private MigrationStep.Result plan(Contender contender, int free, double missingCodeSeconds) {
        PlanFailure before = contender.planFailure();
        if (before != null && before.rests()) {
            return MigrationStep.Result.troubled(before.message(), true);
        }
        try {
            MigrationStep.Result result = step.take(contender, free, missingCodeSeconds);
            for (MigrationEvent event : result.events()) {
                if (event instanceof MigrationEvent.MigrationReopened reopened) {
                    LOGGER.warn("'{}' is active again: {}", reopened.migration().name(), reopened.reason());
                }
                listener.on(event);
            }
            return result;
        } catch (SQLException | RuntimeException e) {
            MigrationStep.Postponed postponed = step.postpone(contender, e);
            Failure failure = postponed.why();
            if (troubles.isNews(contender.id(), failure)) {
                LOGGER.warn(
                        "could not plan '{}'; it is tried again, the others go on: {}",
                        contender.migration().name(),
                        failure.message());
            }
            LOGGER.debug("could not plan", e);
            return MigrationStep.Result.troubled(failure.message(), postponed.kept());
        }
    }
}
