package org.registrybbm.scheduler;

import org.quartz.Job;
import org.quartz.JobExecutionContext;

/**
 * The one Quartz job class of batch jobs; one firing runs one batch job. Its name is stored in {@code QRTZ_JOB_DETAILS}: it is never
 * renamed or moved.
 */
public final class BatchQuartzJob implements Job {
    /** Quartz makes instances by this constructor. */
    public BatchQuartzJob() {}

    @Override
    public void execute(JobExecutionContext context) {
        Dispatcher.of(context.getScheduler()).ifPresent(dispatcher -> dispatcher.runBatch(context));
    }
}
