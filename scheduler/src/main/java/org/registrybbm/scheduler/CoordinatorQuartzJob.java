package org.registrybbm.scheduler;

import org.quartz.Job;
import org.quartz.JobExecutionContext;

/**
 * The Quartz job class of the coordinator, fired by one clustered, repeating trigger on any replica. Its name is stored in
 * {@code QRTZ_JOB_DETAILS}: it is never renamed or moved.
 */
public final class CoordinatorQuartzJob implements Job {
    /** Quartz makes instances by this constructor. */
    public CoordinatorQuartzJob() {}

    @Override
    public void execute(JobExecutionContext context) {
        Dispatcher.of(context.getScheduler()).ifPresent(Dispatcher::coordinate);
    }
}
