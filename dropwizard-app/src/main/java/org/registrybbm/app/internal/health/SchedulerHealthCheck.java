package org.registrybbm.app.internal.health;

import com.codahale.metrics.health.HealthCheck;
import org.registrybbm.app.internal.lifecycle.SchedulerManaged;

/** Says whether this replica is checked in with the other replicas. */
public final class SchedulerHealthCheck extends HealthCheck {
    /** Has a prefix, as a host has checks of its own. */
    public static final String NAME = "batched-migrations-scheduler";

    private final SchedulerManaged scheduler;

    /** Asks the scheduler. */
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
                : Result.unhealthy("this replica's scheduler is not checked in; it takes no batch jobs until it is");
    }
}
