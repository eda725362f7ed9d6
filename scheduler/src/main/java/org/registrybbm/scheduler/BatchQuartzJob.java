package org.registrybbm.scheduler;

import org.quartz.Job;
import org.quartz.JobExecutionContext;

/**
 * Runs one batch job at each firing. It is the only Quartz job class of the engine. Its name is stored in {@code QRTZ_JOB_DETAILS}, so it
 * must never be renamed or moved.
 */
public final class BatchQuartzJob implements Job {
    /** Called by Quartz. */
    public BatchQuartzJob() {}

    @Override
    public void execute(JobExecutionContext context) {
        Dispatcher.of(context.getScheduler()).ifPresent(dispatcher -> dispatcher.runBatch(context));
    }
}
