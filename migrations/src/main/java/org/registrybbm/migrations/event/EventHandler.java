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

/** Has one method for each kind of event. When a new kind is added, the compiler shows every handler that has to deal with it. */
public interface EventHandler {
    /** Called when a worker claimed a batch job. */
    void batchStarted(BatchStarted event);

    /** Called when a sub-batch was committed. */
    void subBatchCommitted(SubBatchCommitted event);

    /** Called when a batch job finished. */
    void batchFinished(BatchFinished event);

    /** Called when an attempt of a batch job failed. */
    void batchFailed(BatchFailed event);

    /** Called when rows could not be changed and were put into quarantine. */
    void rowsQuarantined(RowsQuarantined event);

    /** Called when a batch job was handed back. */
    void batchHandedBack(BatchHandedBack event);

    /** Called when a worker lost its batch job. */
    void batchLost(BatchLost event);

    /** Called when a migration was finished, because every batch is done. */
    void migrationFinished(MigrationFinished event);

    /** Called when a migration was made active again because somebody had set it to finished although it was not complete. */
    void migrationReopened(MigrationReopened event);

    /** Called when a migration failed. */
    void migrationFailed(MigrationFailed event);

    /** Called when a plan found that no replica that looked has the code of a migration yet. */
    void codeMissing(CodeMissing event);
}
