package org.registrybbm.migrations.event;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchedMigration;

/** Something that happened on this replica, after it was committed. */
public sealed interface MigrationEvent {
    /** Returns the batched migration, as last read. */
    BatchedMigration migration();

    /** Calls the method of a handler that is for this kind of event. */
    void accept(EventHandler handler);

    /**
     * A worker claimed a batch job.
     *
     * @param takeover whether its lease had run out at another worker
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
     * @param covered rows that it looked at
     * @param migrated rows that it really changed
     * @param took from the transaction's begin to its commit
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
     * @param took this run of it, from the claim on
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
     * Rows could not be changed and were put into quarantine; the batch job goes on.
     *
     * @param failures why, one for each row
     */
    record RowsQuarantined(BatchedMigration migration, BatchJob job, String replica, List<Failure> failures)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.rowsQuarantined(this);
        }
    }

    /** A batch job was handed back, with its cursor and without an attempt counted. */
    record BatchHandedBack(BatchedMigration migration, BatchJob job, String replica, BatchOutcome.Reason reason)
            implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchHandedBack(this);
        }
    }

    /** A worker lost its batch job: to a takeover, or as the database was away for too long. */
    record BatchLost(BatchedMigration migration, BatchJob job, String replica, String why) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.batchLost(this);
        }
    }

    /** Every batch is done. */
    record MigrationFinished(BatchedMigration migration) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.migrationFinished(this);
        }
    }

    /**
     * The migration was finished by its status while it was not complete; it is active again.
     *
     * @param reason what was left
     */
    record MigrationReopened(BatchedMigration migration, String reason) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.migrationReopened(this);
        }
    }

    /** The migration failed, or cannot start; a person must act. */
    record MigrationFailed(BatchedMigration migration, Failure failure) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.migrationFailed(this);
        }
    }

    /** No replica that looked knows its work function or strategy yet; it fails when that lasts too long. */
    record CodeMissing(BatchedMigration migration, Instant since) implements MigrationEvent {
        @Override
        public void accept(EventHandler handler) {
            handler.codeMissing(this);
        }
    }
}
