package org.registrybbm.app.internal.health;

import com.codahale.metrics.health.HealthCheck;
import org.registrybbm.app.internal.lifecycle.SchedulerManaged;

/** Reports whether this replica's scheduler works. */
public final class SchedulerHealthCheck extends HealthCheck {
    /** The name has a prefix, because a host application has checks of its own. */
    public static final String NAME = "batched-migrations-scheduler";

    private final SchedulerManaged scheduler;

    /** Creates a check of the given scheduler. */
    public SchedulerHealthCheck(SchedulerManaged scheduler) {
        this.scheduler = scheduler;
    }

    @Override
    protected Result check() {
        if (!scheduler.isEnabled()) {
            return Result.healthy("backgroundMigrations.enabled is false: this replica takes no batch jobs");
        }
        return scheduler.isCheckedIn()
                ? Result.healthy()
                : Result.unhealthy(
                        "this replica's scheduler does not reach its tables or is stopped; it takes no batch jobs meanwhile; see the log");
    }
}
