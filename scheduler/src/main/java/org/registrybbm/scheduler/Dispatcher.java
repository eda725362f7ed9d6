package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.registrybbm.migrations.BatchOutcome;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.DatabaseException;
import org.registrybbm.migrations.Planner;
import org.registrybbm.migrations.SchemaNotMigratedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what the planner says is due to Quartz, and runs what Quartz fires. Lives in the scheduler's context, where the Quartz jobs
 * find it.
 */
final class Dispatcher {
    private static final Logger LOGGER = LoggerFactory.getLogger(Dispatcher.class);
    private static final String CONTEXT_KEY = "org.registrybbm.dispatcher";

    /** Since when a batch job is due although it has a trigger, and the token of the worker that died with it. */
    private record Waiting(@Nullable Long deadToken, long since) {}

    /** A batch job that is due for longer than this, although it has a trigger, may have one that Quartz forgot. */
    static final Duration FORGOTTEN_AFTER = Duration.ofSeconds(10);

    private static final Duration ALONE_FOR = Duration.ofSeconds(30);

    private final BatchedMigrations engine;
    private final Triggers triggers;
    private final Map<Long, Waiting> waiting = new ConcurrentHashMap<>();
    private final AtomicInteger running = new AtomicInteger();
    private volatile long offersAgainAt = System.nanoTime();
    private volatile boolean stopped;
    private volatile boolean standby;

    Dispatcher(BatchedMigrations engine, Triggers triggers) {
        this.engine = engine;
        this.triggers = triggers;
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

    BatchedMigrations engine() {
        return engine;
    }

    Triggers triggers() {
        return triggers;
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

    /** Runs the batch job of a firing, and when it is done sees to the next one at once. Never throws: Quartz could do nothing. */
    void runBatch(JobExecutionContext context) {
        Optional<Long> id = Triggers.batchJobId(context);
        if (id.isEmpty() || isStopping()) {
            return;
        }
        try {
            if (offersFirst(context, id.get())) {
                return;
            }
            BatchOutcome outcome = run(id.get());
            LOGGER.debug("batch job {}: {}", id.get(), outcome);
            if (outcome instanceof BatchOutcome.Finished || outcome instanceof BatchOutcome.Failed) {
                coordinate();
            }
        } catch (SchedulerException | RuntimeException e) {
            LOGGER.warn("batch job {} could not be run, it stays due: {}", id.get(), e.getMessage());
            LOGGER.debug("batch job could not be run", e);
        }
    }

    private BatchOutcome run(long id) {
        running.incrementAndGet();
        try {
            return engine.runner().run(id, this::isStopping);
        } finally {
            running.decrementAndGet();
        }
    }

    /**
     * Offers a batch job to every replica when this one is at work already: Quartz wakes the replica that stored a trigger at once and
     * the others at their next look, so the first to start would keep all the work. When nobody else took one, it stops offering for
     * a while.
     */
    private boolean offersFirst(JobExecutionContext context, long id) throws SchedulerException {
        if (running.get() == 0) {
            return false;
        }
        if (Triggers.isForAnyReplica(context.getTrigger())) {
            offersAgainAt = System.nanoTime() + ALONE_FOR.toNanos();
            return false;
        }
        if (offersAgainAt - System.nanoTime() > 0) {
            return false;
        }
        triggers.offer(id);
        return true;
    }

    /** Plans, and gives each batch job that is due its trigger. Returns whether it went well; never throws. */
    boolean coordinate() {
        if (isStopping()) {
            return true;
        }
        try {
            Planner.Plan plan = engine.planner().plan();
            for (Planner.Due due : plan.jobs()) {
                dispatch(due);
            }
            if (plan.whole()) {
                waiting.keySet().retainAll(plan.due());
            }
            return true;
        } catch (SchemaNotMigratedException | DatabaseException | SchedulerException e) {
            if (!isStopping()) {
                LOGGER.warn("the coordinator's turn failed, the next one tries again: {}", e.getMessage());
                LOGGER.debug("the coordinator's turn failed", e);
            }
            return false;
        }
    }

    private void dispatch(Planner.Due due) throws SchedulerException {
        boolean urgent = due.deadToken() != null;
        if (triggers.store(due.jobId(), urgent)) {
            return;
        }
        Waiting now = new Waiting(due.deadToken(), System.nanoTime());
        Waiting before = waiting.putIfAbsent(due.jobId(), now);
        boolean workerDied =
                due.deadToken() != null && (before == null || !due.deadToken().equals(before.deadToken()));
        boolean forgotten = before != null && now.since() - before.since() > FORGOTTEN_AFTER.toNanos();
        if (workerDied || forgotten) {
            // Fired or stuck, Quartz will not fire it again before it finds its replica dead, if at all. One that is
            // just waiting in the queue loses nothing by being replaced.
            LOGGER.debug("batch job {} is due although it has a trigger; the trigger is stored anew", due.jobId());
            triggers.replace(due.jobId(), urgent);
            waiting.put(due.jobId(), now);
        }
    }
}
