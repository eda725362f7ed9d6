package org.registrybbm.scheduler;

import java.time.Duration;
import javax.sql.DataSource;
import org.quartz.SchedulerException;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;

/** What a replica of a test is made of. */
record Replica(String name, DataSource data, boolean present, EngineSettings settings, WorkRegistry work, int workers) {
    /** Fixed batch sizes and sub-batches of 50 ms; all else as shipped. */
    static final EngineSettings SETTINGS = EngineSettings.builder()
            .batchTarget(Duration.ZERO)
            .subBatchTarget(Duration.ofMillis(50))
            .build();

    /** A replica that knows {@link AddOne}. */
    static Replica of(String name, DataSource data) {
        return new Replica(name, data, true, SETTINGS, AddOne.registry(name), 2);
    }

    Replica with(WorkRegistry other) {
        return new Replica(name, data, present, settings, other, workers);
    }

    Replica with(AddOne.Hook hook) {
        return with(AddOne.registry(name, hook));
    }

    Replica with(EngineSettings other) {
        return new Replica(name, data, present, other, work, workers);
    }

    /** As behind a pooler: nothing shows that it lives, and it hears nothing. */
    Replica withoutPresence() {
        return new Replica(name, data, false, settings, work, workers);
    }

    Replica withWorkers(int count) {
        return new Replica(name, data, present, settings, work, count);
    }

    BatchedMigrations engine() {
        BatchedMigrations.Builder builder =
                BatchedMigrations.on(data).replica(name).settings(settings).workRegistry(work);
        if (present) {
            builder.presence(data);
        }
        return builder.build();
    }

    BatchedMigrationScheduler build() throws SchedulerException {
        return BatchedMigrationScheduler.on(engine())
                .quartzDataSource(data)
                .replica(name)
                .workers(workers)
                .build();
    }
}
