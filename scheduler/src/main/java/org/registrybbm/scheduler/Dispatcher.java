package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
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
 * Stores triggers for the batch jobs that the planner says are due, and runs what Quartz fires. Each replica stores triggers only for its
 * own free workers, because Quartz wakes the replica that stores a trigger at once, and the others only when they next look. The whole
 * fleet shares one lock of Quartz. A replica therefore first takes a batch job by an {@linkplain Offers offer} in the tables, so that not
 * all replicas go to Quartz for it. The dispatcher is kept in the scheduler's context, where the Quartz job finds it.
 */
final class Dispatcher {
    private static final Logger LOGGER = LoggerFactory.getLogger(Dispatcher.class);
    private static final String CONTEXT_KEY = "org.registrybbm.dispatcher";

    /**
     * The result of a turn.
     *
     * @param active migrations that are active or running
     * @param taken batch jobs that got a trigger
     * @param more whether another turn soon may take more
     * @param awaited whether batch jobs were taken, here or by another replica, and have not begun; the replica that took them may have
     *     died
     * @param settled whether another turn is of no use until the tables change
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

    /**
     * Creates a dispatcher that runs at most {@code workers} batch jobs at once; the scheduler's other threads are for the host's own jobs.
     */
    Dispatcher(BatchedMigrations engine, Triggers triggers, int workers) {
        this.engine = engine;
        this.triggers = triggers;
        this.workers = workers;
    }

    /** Returns the dispatcher of a scheduler; empty while the scheduler is being set up and after it was shut down. */
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

    /** Returns the number of batch jobs that may run here at once. */
    int workers() {
        return workers;
    }

    BatchedMigrations engine() {
        return engine;
    }

    /** Sets what is called when there may be more to do than a worker took for itself. Must be set before anything runs. */
    void onMore(Runnable call) {
        this.moreToDo = call;
    }

    /** Has each batch job here end after its current sub-batch, and starts no others. */
    void stop() {
        stopped = true;
    }

    /** Does the same as {@link #stop} until it is set to false again. */
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

    /** Returns how many workers have nothing to do and no trigger stored for them. */
    int free() throws SchedulerException {
        return free(0);
    }

    /** Returns the same, counting threads that still run a job but are about to be free. */
    private int free(int aboutToBeFree) throws SchedulerException {
        int idle = Math.min(triggers.idleThreads() + aboutToBeFree, workers - running.size());
        return idle
                - (int) stored.keySet().stream().filter(this::isStoredLately).count();
    }

    /** Runs the batch job of a firing and then takes the next one. Never throws, because Quartz could do nothing about it. */
    void runBatch(JobExecutionContext context) {
        Optional<Long> id = Triggers.batchJobId(context);
        // A second firing of a batch job that already runs here would only be refused. If no worker is free here,
        // another replica stored the trigger for a worker of its own, and the batch job is left to that replica.
        if (id.isEmpty() || isStopping() || running.size() >= workers || !running.add(id.get())) {
            return;
        }
        stored.remove(id.get());
        BatchOutcome outcome;
        try {
            outcome = engine.runner().run(id.get(), this::isStopping);
            LOGGER.debug("batch job {}: {}", id.get(), outcome);
            if (outcome instanceof BatchOutcome.NotClaimed) {
                // Another replica may have what is missing here.
                engine.offers().withdraw(Set.of(id.get()));
            }
        } catch (RuntimeException e) {
            LOGGER.warn("batch job {} could not be run; it stays due and is tried again: {}", id.get(), e.getMessage());
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

    /** Takes one batch job for the calling worker, which is about to be free. */
    private void takeNext() {
        try {
            // A turn finds less while another replica is planning. Trying again soon is better than standing idle.
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
     * Plans, and stores triggers for batch jobs that are due: for one, or for as many as run here already. In this way the replicas of an
     * idle fleet share what there is.
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
            // Even with every worker busy, the plan is made for one, because planning also finishes and fails
            // migrations.
            Planner.Plan plan = engine.planner().plan(Math.max(1, Math.min(free(aboutToBeFree), Planner.MOST_AHEAD)));
            // A batch job that the plan lists neither as offered nor as due has begun, here or elsewhere, or may not
            // run now.
            stored.keySet()
                    .removeIf(id -> !plan.offered().contains(id) && !plan.due().contains(id));
            int free = free(aboutToBeFree);
            List<DueJob> due = plan.jobs().stream()
                    .filter(one -> !running.contains(one.jobId()) && !isStoredLately(one.jobId()))
                    .toList();
            // Batch jobs whose worker died have waited long enough: they are all taken if there are workers.
            long orphans = due.stream().filter(one -> one.deadToken() != null).count();
            int room = (int) Math.min(free, Math.max(most, orphans));
            List<DueJob> taken = engine.offers().take(due, room);
            store(taken);
            boolean outrun = taken.size() < Math.min(room, due.size());
            boolean awaited = outrun || plan.due().stream().anyMatch(this::isStoredLately);
            // A migration that another replica is planning right now may have more.
            boolean left = !plan.whole() || !outrun && taken.size() < due.size();
            return new Turn(plan.active(), taken.size(), left && taken.size() < free, awaited, plan.settled());
        } catch (SchedulerException e) {
            standingUntil = System.nanoTime();
            throw e;
        } finally {
            turns.unlock();
        }
    }

    /** Waits until the turn of another thread is over, for 1 s at most. */
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

    /** Stores the triggers of batch jobs. If Quartz cannot, those without one go back at once, as another replica may be able to. */
    private void store(List<DueJob> taken) throws SchedulerException {
        Set<Long> left = taken.stream().map(DueJob::jobId).collect(Collectors.toCollection(HashSet::new));
        try {
            for (DueJob one : taken) {
                store(one);
                left.remove(one.jobId());
            }
        } catch (SchedulerException e) {
            engine.offers().withdraw(left);
            throw e;
        }
    }

    /**
     * Stores the trigger of a batch job, in place of one that it may have already. That one has fired or is stuck, and Quartz will not fire
     * it again before it finds the trigger's replica dead, if at all. Or it waits for a worker of another replica, while a worker is free
     * here.
     */
    private void store(DueJob due) throws SchedulerException {
        // The trigger of a worker that died is usually still there.
        if (due.deadToken() != null || !triggers.store(due.jobId())) {
            LOGGER.debug(
                    "batch job {} is due although it may have a trigger; the trigger is stored again", due.jobId());
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
