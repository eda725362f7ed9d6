package org.registrybbm.migrations.event;

import org.registrybbm.migrations.event.MigrationEvent.BatchFailed;
import org.registrybbm.migrations.event.MigrationEvent.BatchFinished;
import org.registrybbm.migrations.event.MigrationEvent.BatchHandedBack;
import org.registrybbm.migrations.event.MigrationEvent.BatchLost;
import org.registrybbm.migrations.event.MigrationEvent.BatchStarted;
import org.registrybbm.migrations.event.MigrationEvent.CodeMissing;
import org.registrybbm.migrations.event.MigrationEvent.MigrationFailed;
import org.registrybbm.migrations.event.MigrationEvent.MigrationFinished;
import org.registrybbm.migrations.event.MigrationEvent.MigrationReopened;
import org.registrybbm.migrations.event.MigrationEvent.RowsQuarantined;
import org.registrybbm.migrations.event.MigrationEvent.SubBatchCommitted;

/** One method for each kind of event, so that the compiler says who has to hear of a new one. */
public interface EventHandler {
    /** A worker claimed a batch job. */
    void batchStarted(BatchStarted event);

    /** A sub-batch was committed. */
    void subBatchCommitted(SubBatchCommitted event);

    /** A batch job finished. */
    void batchFinished(BatchFinished event);

    /** An attempt of a batch job failed. */
    void batchFailed(BatchFailed event);

    /** Rows could not be changed and were put into quarantine. */
    void rowsQuarantined(RowsQuarantined event);

    /** A batch job was handed back. */
    void batchHandedBack(BatchHandedBack event);

    /** A worker lost its batch job. */
    void batchLost(BatchLost event);

    /** Every batch is done. */
    void migrationFinished(MigrationFinished event);

    /** A migration was finished by its status while it was not complete. */
    void migrationReopened(MigrationReopened event);

    /** A migration failed, or cannot start. */
    void migrationFailed(MigrationFailed event);

    /** No replica that looked knows the code of a migration. */
    void codeMissing(CodeMissing event);
}
