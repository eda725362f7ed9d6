package org.registrybbm.app.internal.lifecycle;

import io.dropwizard.lifecycle.Managed;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.BackgroundMigrationsFactory;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.scheduler.BatchedMigrationScheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the scheduler of this replica with the server, and stops it before anything that it needs. */
public final class SchedulerManaged implements Managed {
    private static final Logger LOGGER = LoggerFactory.getLogger(SchedulerManaged.class);

    private final BatchedMigrations engine;
    private final DataSource quartzPool;
    private final BackgroundMigrationsFactory settings;
    private final String replica;
    private volatile @Nullable BatchedMigrationScheduler scheduler;

    /** Describes the scheduler, and starts nothing yet. */
    public SchedulerManaged(
            BatchedMigrations engine, DataSource quartzPool, BackgroundMigrationsFactory settings, String replica) {
        this.engine = engine;
        this.quartzPool = quartzPool;
        this.settings = settings;
        this.replica = replica;
    }

    @Override
    public void start() throws Exception {
        if (!settings.enabled()) {
            LOGGER.info("replica {} runs no batch jobs, because backgroundMigrations.enabled is false", replica);
            return;
        }
        engine.store().requireSchema();
        BatchedMigrationScheduler started = BatchedMigrationScheduler.on(engine)
                .quartzDataSource(quartzPool)
                .workers(settings.workers())
                .jobInterval(settings.jobInterval())
                .replica(replica)
                .build();
        scheduler = started;
        started.start();
    }

    @Override
    public void stop() {
        BatchedMigrationScheduler running = scheduler;
        if (running != null) {
            running.shutdown(ShutdownTimes.SCHEDULER_IS_ASKED);
        }
    }

    /** Returns whether the configuration lets this replica take batch jobs. */
    public boolean isEnabled() {
        return settings.enabled();
    }

    /** Returns whether this replica's scheduler works; see {@link BatchedMigrationScheduler#isCheckedIn}. */
    public boolean isCheckedIn() {
        BatchedMigrationScheduler running = scheduler;
        return running != null && running.isCheckedIn();
    }
}
