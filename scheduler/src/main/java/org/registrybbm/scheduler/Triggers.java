package org.registrybbm.scheduler;

import java.util.Map;
import java.util.Optional;
import org.quartz.JobBuilder;
import org.quartz.JobDataMap;
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
 * Keeps the engine's job and triggers in Quartz's store: one durable job, and for each batch job that is to run one trigger that fires
 * once.
 */
record Triggers(Scheduler scheduler) {
    static final String GROUP = "bbm";
    static final String BATCH_GROUP = "bbm-batches";
    static final JobKey BATCH_JOB = JobKey.jobKey("batch", GROUP);
    static final String BATCH_JOB_ID = "batchJobId";

    /**
     * Adds the durable job if it is missing. The job does not ask Quartz to recover its firings: the tables say which batch jobs lost their
     * worker, and Quartz would compare the clocks of replicas.
     */
    void ensureStanding() throws SchedulerException {
        if (!scheduler.checkExists(BATCH_JOB)) {
            scheduler.addJob(
                    JobBuilder.newJob(BatchQuartzJob.class)
                            .withIdentity(BATCH_JOB)
                            .storeDurably()
                            .build(),
                    true);
        }
    }

    /** Returns how many of this replica's Quartz threads run no job, neither the engine's nor the host's. Does not ask the database. */
    int idleThreads() throws SchedulerException {
        return scheduler.getMetaData().getThreadPoolSize()
                - scheduler.getCurrentlyExecutingJobs().size();
    }

    /** Stores the trigger of a batch job. Returns false if it is there already. */
    boolean store(long batchJobId) throws SchedulerException {
        try {
            scheduler.scheduleJob(batch(batchJobId));
            return true;
        } catch (ObjectAlreadyExistsException e) {
            return false;
        }
    }

    /** Replaces the trigger of a batch job, whatever state the old one is in. */
    void replace(long batchJobId) throws SchedulerException {
        Trigger fresh = batch(batchJobId);
        if (scheduler.rescheduleJob(fresh.getKey(), fresh) == null) {
            store(batchJobId);
        }
    }

    /** Removes the trigger of a batch job, if it is there. */
    void remove(long batchJobId) throws SchedulerException {
        scheduler.unscheduleJob(key(batchJobId));
    }

    /** Returns which batch job a firing is for; empty if this engine did not store the trigger. */
    static Optional<Long> batchJobId(JobExecutionContext context) {
        String id = context.getMergedJobDataMap().getString(BATCH_JOB_ID);
        try {
            return id == null ? Optional.empty() : Optional.of(Long.valueOf(id));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static TriggerKey key(long batchJobId) {
        return TriggerKey.triggerKey(Long.toString(batchJobId), BATCH_GROUP);
    }

    private static Trigger batch(long batchJobId) {
        return TriggerBuilder.newTrigger()
                .withIdentity(key(batchJobId))
                .forJob(BATCH_JOB)
                .usingJobData(new JobDataMap(Map.of(BATCH_JOB_ID, Long.toString(batchJobId))))
                // It fires however late it is picked up, because a backlog is normal here.
                .withSchedule(SimpleScheduleBuilder.simpleSchedule().withMisfireHandlingInstructionIgnoreMisfires())
                .build();
    }
}
