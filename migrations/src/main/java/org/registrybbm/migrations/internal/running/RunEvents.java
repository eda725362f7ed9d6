package org.registrybbm.migrations.internal.running;

import java.time.Duration;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.event.MigrationListener;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchOutcome.Reason;
import org.registrybbm.migrations.model.BatchedMigration;

/** Reports one run of a batch job to listeners. Each run ends with exactly one of the methods that return an outcome. */
final class RunEvents {
    private final MigrationListener listener;
    private final BatchedMigration migration;
    private final String replica;
    private final long startedAt = System.nanoTime();

    RunEvents(MigrationListener listener, BatchedMigration migration, String replica) {
        this.listener = listener;
        this.migration = migration;
        this.replica = replica;
    }

    void started(BatchJob job, boolean takeover) {
        listener.on(new MigrationEvent.BatchStarted(migration, job, replica, takeover));
    }

    void committed(SubBatchTransaction.Step.Committed step, Duration took) {
        if (!step.quarantined().isEmpty()) {
            listener.on(new MigrationEvent.RowsQuarantined(migration, step.job(), replica, step.quarantined()));
        }
        listener.on(new MigrationEvent.SubBatchCommitted(
                migration, step.job(), replica, step.covered(), step.migrated(), took));
    }

    BatchOutcome finished(BatchJob job) {
        listener.on(new MigrationEvent.BatchFinished(migration, job, replica, took()));
        return new BatchOutcome.Finished(job);
    }

    BatchOutcome failed(BatchJob job, Failure failure, boolean exhausted) {
        listener.on(new MigrationEvent.BatchFailed(migration, job, replica, failure, exhausted, took()));
        return new BatchOutcome.Failed(job, failure, exhausted);
    }

    BatchOutcome handedBack(BatchJob job, Reason reason) {
        listener.on(new MigrationEvent.BatchHandedBack(migration, job, replica, reason));
        return new BatchOutcome.HandedBack(job.id(), reason);
    }

    BatchOutcome lost(BatchJob job, String why) {
        listener.on(new MigrationEvent.BatchLost(migration, job, replica, why));
        return new BatchOutcome.Lost(job.id(), why);
    }

    /** Reports that the migration failed. This is not the end of the run, which is reported separately. */
    void migrationFailed(BatchedMigration failed, Failure failure) {
        listener.on(new MigrationEvent.MigrationFailed(failed, failure));
    }

    private Duration took() {
        return Duration.ofNanos(System.nanoTime() - startedAt);
    }
}
