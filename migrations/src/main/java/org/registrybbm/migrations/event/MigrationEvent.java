package org.registrybbm.migrations.event;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchedMigration;

/** Something that happened on this replica. Listeners are told after it was committed. */
public sealed interface MigrationEvent {
    /** Returns the batched migration as it was last read. */
    BatchedMigration migration();

    /** Calls the handler's method for this kind of event. */
    void accept(EventHandler handler);

    /**
     * A worker claimed a batch job.
     *
     * @param takeover whether it was taken over from another worker, whose lease had ended
     */
    record BatchStarted(BatchedMigration migration, BatchJob job, String replica, boolean takeover)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchStarted(this);
        }
    }

    /**
     * A sub-batch was committed.
     *
     * @param covered how many rows it looked at
     * @param migrated how many rows it really changed
     * @param took the time from the beginning of the transaction to its commit
     */
    record SubBatchCommitted(
            BatchedMigration migration, BatchJob job, String replica, long covered, long migrated, Duration took)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.subBatchCommitted(this);
        }
    }

    /**
     * A batch job finished.
     *
     * @param took how long this run of it took, from the claim on
     */
    record BatchFinished(BatchedMigration migration, BatchJob job, String replica, Duration took)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchFinished(this);
        }
    }

    /**
     * An attempt of a batch job failed.
     *
     * @param exhausted whether no attempt is left, so that the migration fails
     */
    record BatchFailed(
            BatchedMigration migration, BatchJob job, String replica, Failure failure, boolean exhausted, Duration took)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchFailed(this);
        }
    }

    /**
     * Rows could not be changed and were put into quarantine. The batch job goes on.
     *
     * @param failures why they could not be changed, one failure for each row
     */
    record RowsQuarantined(BatchedMigration migration, BatchJob job, String replica, List<Failure> failures)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.rowsQuarantined(this);
        }
    }

    /** A batch job was handed back. Its cursor was kept, and no attempt was counted. */
    record BatchHandedBack(BatchedMigration migration, BatchJob job, String replica, BatchOutcome.Reason reason)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchHandedBack(this);
        }
    }

    /** A worker lost its batch job, because another worker took it over or because the database was away for too long. */
    record BatchLost(BatchedMigration migration, BatchJob job, String replica, String why) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchLost(this);
        }
    }

    /** The migration was finished, because every batch is done. */
    record MigrationFinished(BatchedMigration migration) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.migrationFinished(this);
        }
    }

    /**
     * Somebody had set the migration to finished although it was not complete. It is active again.
     *
     * @param reason what was not done
     */
    record MigrationReopened(BatchedMigration migration, String reason) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.migrationReopened(this);
        }
    }

    /** The migration failed. A person must act. */
    record MigrationFailed(BatchedMigration migration, Failure failure) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.migrationFailed(this);
        }
    }

    /**
     * No replica that looked has the code of the migration's work function or batching strategy yet. If that lasts too long, the migration
     * fails.
     *
     * @param since since when no replica has it
     */
    record CodeMissing(BatchedMigration migration, Instant since) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.codeMissing(this);
        }
    }
}
