package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.spi.Offers;
import org.registrybbm.migrations.spi.Planner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what the planner says is due to Quartz, and runs what Quartz fires. Each replica stores triggers for its own free workers only:
 * Quartz wakes the replica that stores a trigger at once, and the others when they next look. Before it goes to Quartz, whose lock is one
 * for the whole fleet, it takes the batch job from the others in the tables. Lives in the scheduler's context, where the Quartz job finds it.
 */
final class Dispatcher {
    private static final Logger LOGGER = LoggerFactory.getLogger(Dispatcher.class);
    private static final String CONTEXT_KEY = "org.registrybbm.dispatcher";

    /**
     * What came of a turn.
     *
     * @param active migrations that are active or running
     * @param taken batch jobs that got a trigger
     * @param more whether a further turn may take more, soon
     * @param awaited whether batch jobs were taken, here or by another replica, that have not begun; whoever took them may have died
     * @param settled whether the next one is of use only once the tables have changed
     */
    record Turn(int active, int taken, boolean more, boolean awaited, boolean settled) {}

    private static final Duration STANDING_FOR = Duration.ofSeconds(30);
    private static final Duration LONGEST_WAIT_FOR_TURN = Duration.ofSeconds(1);
    private static final int TRIES_FOR_NEXT = 3;

    private final BatchedMigrations engine;
    private final Triggers triggers;
    private final int workers;
    private final ReentrantLock turns = new ReentrantLock();
    private final Map<Long, Long> stored = new ConcurrentHashMap<>();
    private final Set<Long> running = ConcurrentHashMap.newKeySet();
    private Runnable moreToDo = () -> {};
    private long standingUntil = System.nanoTime();
    private volatile boolean stopped;
    private volatile boolean standby;

    /** Makes one that runs so many batch jobs at once: other threads are the host's. */
    Dispatcher(BatchedMigrations engine, Triggers triggers, int workers) {
        this.engine = engine;
        this.triggers = triggers;
        this.workers = workers;
    }

    /** Finds the dispatcher of a scheduler; empty while it is being set up or after it was shut down. */
    static Optional<Dispatcher> of(Scheduler scheduler) {
        try {
            return Optional.ofNullable((Dispatcher) scheduler.getContext().get(CONTEXT_KEY));
        } catch (SchedulerException e) {
            return Optional.empty();
        }
    }

    void register(Scheduler scheduler) throws SchedulerException {
        scheduler.getContext().put(CONTEXT_KEY, this);
    }

    /** Returns how many batch jobs run here at once at most. */
    int workers() {
        return workers;
    }

    BatchedMigrations engine() {
        return engine;
    }

    /** Sets whom to call, before anything runs, when there may be more to do than a worker took for itself. */
    void onMore(Runnable call) {
        this.moreToDo = call;
    }

    /** From now on sub-batches are the last ones of their batch jobs here, and nothing new starts. */
    void stop() {
        stopped = true;
    }

    /** Like {@link #stop}, until it is set to false again. */
    void setStandby(boolean standby) {
        this.standby = standby;
    }

    boolean isStopping() {
        return stopped || standby;
    }

    /** Returns whether this replica runs a batch job or is about to. */
    boolean isBusy() {
        return !running.isEmpty() || !stored.isEmpty();
    }

    /** Returns how many workers have nothing to do and nothing in sight. */
    int free() throws SchedulerException {
        return free(0);
    }

    /** The same, when threads that run a job now are about to run none. */
    private int free(int aboutToBeFree) throws SchedulerException {
        int idle = Math.min(triggers.idleThreads() + aboutToBeFree, workers - running.size());
        return idle
                - (int) stored.keySet().stream().filter(this::isStoredLately).count();
    }

    /** Runs the batch job of a firing, and when it is done takes the next one. Never throws: Quartz could do nothing. */
    void runBatch(JobExecutionContext context) {
        Optional<Long> id = Triggers.batchJobId(context);
        // A second firing of what runs here already would only be refused. What another replica has stored for itself
        // is
        // left to it when there is no worker for it here.
        if (id.isEmpty() || isStopping() || running.size() >= workers || !running.add(id.get())) {
            return;
        }
        stored.remove(id.get());
        BatchOutcome outcome;
        try {
            outcome = engine.runner().run(id.get(), this::isStopping);
            LOGGER.debug("batch job {}: {}", id.get(), outcome);
            if (outcome instanceof BatchOutcome.NotClaimed) {
                // Another replica may have what it lacks here.
                engine.offers().withdraw(Set.of(id.get()));
            }
        } catch (RuntimeException e) {
            LOGGER.warn("batch job {} could not be run, it stays due: {}", id.get(), e.getMessage());
            LOGGER.debug("batch job could not be run", e);
            return;
        } finally {
            running.remove(id.get());
        }
        if (outcome instanceof BatchOutcome.Finished || outcome instanceof BatchOutcome.Failed) {
            takeNext();
        } else if (!(outcome instanceof BatchOutcome.NotClaimed)) {
            moreToDo.run();
        }
    }

    /** Takes one batch job for the worker that calls and is about to be free. */
    private void takeNext() {
        try {
            // That another replica is planning is no reason to stand idle.
            for (int i = 0; i < TRIES_FOR_NEXT && !isStopping(); i++) {
                Turn turn = turn(1, 1);
                if (turn.taken() > 0 || !turn.more()) {
                    if (turn.more()) {
                        moreToDo.run();
                    }
                    return;
                }
            }
        } catch (SchedulerException | RuntimeException e) {
            LOGGER.debug("the next batch job could not be taken; the coordinator takes it", e);
        }
        moreToDo.run();
    }

    /**
     * Plans, and gives batch jobs that are due their triggers: one, or as many as run here already, so that the replicas of an idle
     * fleet share what there is.
     */
    Turn turn() throws SchedulerException {
        return turn(0, Math.max(1, running.size() + stored.size()));
    }

    private Turn turn(int aboutToBeFree, int most) throws SchedulerException {
        if (!lock()) {
            return new Turn(1, 0, true, false, true);
        }
        try {
            stand();
            // With every worker busy one is planned for: migrations are finished and failed all the same.
            Planner.Plan plan = engine.planner().plan(Math.max(1, Math.min(free(aboutToBeFree), Planner.MOST_AHEAD)));
            // What is told neither as taken nor as due has begun, here or elsewhere, or may not run now.
            stored.keySet()
                    .removeIf(id -> !plan.offered().contains(id) && !plan.due().contains(id));
            int free = free(aboutToBeFree);
            List<DueJob> due = plan.jobs().stream()
                    .filter(one -> !running.contains(one.jobId()) && !isStoredLately(one.jobId()))
                    .toList();
            // Those whose worker died have waited long enough.
            long orphans = due.stream().filter(one -> one.deadToken() != null).count();
            int room = (int) Math.min(free, Math.max(most, orphans));
            List<DueJob> taken = engine.offers().take(due, room);
            for (DueJob one : taken) {
                store(one);
            }
            boolean outrun = taken.size() < Math.min(room, due.size());
            boolean awaited = outrun || plan.due().stream().anyMatch(this::isStoredLately);
            // What another replica is planning right now may have more.
            boolean left = !plan.whole() || !outrun && taken.size() < due.size();
            return new Turn(plan.active(), taken.size(), left && taken.size() < free, awaited, plan.settled());
        } catch (SchedulerException e) {
            standingUntil = System.nanoTime();
            throw e;
        } finally {
            turns.unlock();
        }
    }

    /** Waits for the turn of another thread, but not for ever. */
    private boolean lock() {
        try {
            return turns.tryLock(LONGEST_WAIT_FOR_TURN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void stand() throws SchedulerException {
        if (System.nanoTime() - standingUntil >= 0) {
            triggers.ensureStanding();
            standingUntil = System.nanoTime() + STANDING_FOR.toNanos();
        }
    }

    /**
     * Gives a batch job its trigger. The one that it may have already has fired or is stuck, and Quartz will not fire it again before it
     * finds its replica dead, if at all; or it waits for a worker of another replica, and there is one here.
     */
    private void store(DueJob due) throws SchedulerException {
        // That of a worker that died is there, mostly.
        if (due.deadToken() != null || !triggers.store(due.jobId())) {
            LOGGER.debug("batch job {} is due although it may have a trigger, which is stored anew", due.jobId());
            triggers.replace(due.jobId());
        }
        stored.put(due.jobId(), System.nanoTime());
    }

    private boolean isStoredLately(long jobId) {
        Long at = stored.get(jobId);
        return at != null && System.nanoTime() - at < Offers.LAST.toNanos();
    }

    /** Removes the triggers that nobody here will run any more, and leaves their batch jobs to the other replicas. */
    void leave() throws SchedulerException {
        Set<Long> left = Set.copyOf(stored.keySet());
        for (long jobId : left) {
            triggers.remove(jobId);
        }
        engine.offers().withdraw(left);
    }
}
