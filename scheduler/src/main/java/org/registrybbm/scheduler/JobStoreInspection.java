package org.registrybbm.scheduler;

import java.lang.reflect.Field;
import java.util.Optional;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.core.QuartzScheduler;
import org.quartz.core.QuartzSchedulerResources;
import org.quartz.impl.jdbcjobstore.JobStoreSupport;

/**
 * Reads how a scheduler's job store is configured. Quartz's API says only whether the store is clustered. Whether it acquires triggers
 * within its lock is known to the store alone, which is reached through two private fields.
 */
final class JobStoreInspection {
    private JobStoreInspection() {}

    /** Returns why the job store is not fit for a cluster and what to set, as a clause; empty if it is fit. */
    static Optional<String> problem(Scheduler scheduler) throws SchedulerException {
        if (!scheduler.getMetaData().isJobStoreClustered()) {
            return Optional.of("the job store is not clustered; set org.quartz.jobStore.isClustered=true");
        }
        try {
            Object core = read(scheduler, "sched", QuartzScheduler.class);
            Object resources = read(core, "resources", QuartzSchedulerResources.class);
            boolean withinLock = ((QuartzSchedulerResources) resources).getJobStore() instanceof JobStoreSupport store
                    && store.isAcquireTriggersWithinLock();
            return withinLock
                    ? Optional.empty()
                    : Optional.of(
                            "the job store does not acquire triggers within its lock, so a trigger may fire twice;"
                                    + " set org.quartz.jobStore.acquireTriggersWithinLock=true");
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Optional.of("it cannot be read whether the job store acquires triggers within its lock (" + e + ")");
        }
    }

    private static Object read(Object owner, String name, Class<?> type) throws ReflectiveOperationException {
        Field field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return type.cast(field.get(owner));
    }
}
