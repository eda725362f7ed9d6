package org.registrybbm.scheduler.quartzonly;

import java.util.concurrent.CountDownLatch;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.TriggerBuilder;

/** A job of the host's own, of which two must run at the same time. */
public final class HostJob implements Job {
    static final CountDownLatch BOTH_RUN = new CountDownLatch(2);

    /** Quartz makes instances by this constructor. */
    public HostJob() {}

    static void scheduleBoth(Scheduler scheduler) throws SchedulerException {
        for (String name : new String[] {"first", "second"}) {
            scheduler.scheduleJob(
                    JobBuilder.newJob(HostJob.class).withIdentity(name).build(),
                    TriggerBuilder.newTrigger().withIdentity(name).build());
        }
    }

    @Override
    public void execute(JobExecutionContext context) {
        BOTH_RUN.countDown();
        try {
            BOTH_RUN.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
