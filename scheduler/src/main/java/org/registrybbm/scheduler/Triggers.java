package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.Date;
import java.util.Map;
import java.util.Optional;
import org.quartz.DateBuilder;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDataMap;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.JobKey;
import org.quartz.ObjectAlreadyExistsException;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;

/**
 * The engine's jobs and triggers in Quartz's store: two durable jobs, one repeating trigger for the coordinator, and one one-shot
 * trigger for each batch job that is due.
 */
record Triggers(Scheduler scheduler, Duration jobInterval) {
    static final String GROUP = "bbm";
    static final String BATCH_GROUP = "bbm-batches";
    static final JobKey BATCH_JOB = JobKey.jobKey("batch", GROUP);
    static final JobKey COORDINATOR_JOB = JobKey.jobKey("coordinator", GROUP);
    static final TriggerKey COORDINATOR = TriggerKey.triggerKey("coordinator", GROUP);
    static final String BATCH_JOB_ID = "batchJobId";

    // Beyond the second within which every replica looks ahead, so that the one that offers has no head start.
    private static final int OFFER_MILLIS = 2_200;

    /**
     * Adds the durable jobs and the coordinator's trigger where they are missing or are not what they should be, and returns when
     * the trigger fires next, by the clock of whichever replica fired it last.
     */
    Date ensureStanding() throws SchedulerException {
        if (!scheduler.checkExists(BATCH_JOB)) {
            scheduler.addJob(durable(BatchQuartzJob.class, BATCH_JOB), true);
        }
        if (!scheduler.checkExists(COORDINATOR_JOB)) {
            scheduler.addJob(durable(CoordinatorQuartzJob.class, COORDINATOR_JOB), true);
        }
        Trigger trigger = scheduler.getTrigger(COORDINATOR);
        if (trigger == null || trigger.getNextFireTime() == null || !isSound(trigger)) {
            return replaceCoordinator();
        }
        return trigger.getNextFireTime();
    }

    /** Stores the coordinator's trigger anew, whatever state the old one is in, and returns when it fires. */
    Date replaceCoordinator() throws SchedulerException {
        Trigger fresh = coordinator();
        Date next = scheduler.rescheduleJob(COORDINATOR, fresh);
        if (next != null) {
            return next;
        }
        try {
            return scheduler.scheduleJob(fresh);
        } catch (ObjectAlreadyExistsException e) {
            // Another replica was first.
            return fresh.getStartTime();
        }
    }

    /** Stores the trigger of a batch job; false when it is there already. An urgent one is for any replica, however busy. */
    boolean store(long batchJobId, boolean urgent) throws SchedulerException {
        try {
            scheduler.scheduleJob(batch(batchJobId, urgent));
            return true;
        } catch (ObjectAlreadyExistsException e) {
            return false;
        }
    }

    /** Stores the trigger of a batch job anew, whatever state the old one is in, with its place in the queue. */
    void replace(long batchJobId, boolean urgent) throws SchedulerException {
        Trigger fresh = batch(batchJobId, urgent);
        Trigger old = scheduler.getTrigger(fresh.getKey());
        if (old != null) {
            fresh = fresh.getTriggerBuilder().startAt(old.getStartTime()).build();
        }
        if (scheduler.rescheduleJob(fresh.getKey(), fresh) == null) {
            store(batchJobId, urgent);
        }
    }

    /** Puts a firing's trigger back for whichever replica looks first, this one or another. */
    void offer(long batchJobId) throws SchedulerException {
        Trigger fresh = batch(batchJobId, true)
                .getTriggerBuilder()
                .startAt(DateBuilder.futureDate(OFFER_MILLIS, DateBuilder.IntervalUnit.MILLISECOND))
                .build();
        if (scheduler.rescheduleJob(fresh.getKey(), fresh) == null) {
            scheduler.scheduleJob(fresh);
        }
    }

    /** Returns whether a trigger was offered to every replica before, or is urgent. */
    static boolean isForAnyReplica(Trigger trigger) {
        return trigger.getPriority() > Trigger.DEFAULT_PRIORITY;
    }

    /** Reads which batch job a firing is for; a recovered firing may have lost its data, but not its trigger's name. */
    static Optional<Long> batchJobId(JobExecutionContext context) {
        String id = context.getMergedJobDataMap().getString(BATCH_JOB_ID);
        if (id == null && context.isRecovering()) {
            id = context.getRecoveringTriggerKey().getName();
        }
        try {
            return id == null ? Optional.empty() : Optional.of(Long.valueOf(id));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private boolean isSound(Trigger trigger) throws SchedulerException {
        Trigger.TriggerState state = scheduler.getTriggerState(COORDINATOR);
        boolean sameInterval = trigger.getJobDataMap().getString("interval") != null
                && trigger.getJobDataMap().getString("interval").equals(jobInterval.toString());
        return sameInterval && (state == Trigger.TriggerState.NORMAL || state == Trigger.TriggerState.PAUSED);
    }

    private static JobDetail durable(Class<? extends Job> type, JobKey key) {
        return JobBuilder.newJob(type)
                .withIdentity(key)
                .storeDurably()
                .requestRecovery(key.equals(BATCH_JOB))
                .build();
    }

    private Trigger coordinator() {
        return TriggerBuilder.newTrigger()
                .withIdentity(COORDINATOR)
                .forJob(COORDINATOR_JOB)
                .usingJobData("interval", jobInterval.toString())
                .withPriority(Trigger.DEFAULT_PRIORITY + 1)
                .withSchedule(SimpleScheduleBuilder.simpleSchedule()
                        .withIntervalInMilliseconds(jobInterval.toMillis())
                        .repeatForever()
                        .withMisfireHandlingInstructionNextWithRemainingCount())
                .build();
    }

    private static Trigger batch(long batchJobId, boolean forAnyReplica) {
        return TriggerBuilder.newTrigger()
                .withIdentity(Long.toString(batchJobId), BATCH_GROUP)
                .forJob(BATCH_JOB)
                .withPriority(Trigger.DEFAULT_PRIORITY + (forAnyReplica ? 1 : 0))
                .usingJobData(new JobDataMap(Map.of(BATCH_JOB_ID, Long.toString(batchJobId))))
                // However late it is picked up: a backlog is normal here.
                .withSchedule(SimpleScheduleBuilder.simpleSchedule().withMisfireHandlingInstructionIgnoreMisfires())
                .build();
    }
}
