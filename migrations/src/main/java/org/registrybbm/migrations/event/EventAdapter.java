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

/** A listener whose methods do nothing until a subclass overrides them, so that it handles only the kinds of events that it needs. */
public abstract class EventAdapter implements MigrationListener, EventHandler {
    /** Creates a listener that ignores every event. */
    protected EventAdapter() {}

    @Override
    public final void on(MigrationEvent event) {
        event.accept(this);
    }

    @Override
    public void batchStarted(BatchStarted event) {}

    @Override
    public void subBatchCommitted(SubBatchCommitted event) {}

    @Override
    public void batchFinished(BatchFinished event) {}

    @Override
    public void batchFailed(BatchFailed event) {}

    @Override
    public void rowsQuarantined(RowsQuarantined event) {}

    @Override
    public void batchHandedBack(BatchHandedBack event) {}

    @Override
    public void batchLost(BatchLost event) {}

    @Override
    public void migrationFinished(MigrationFinished event) {}

    @Override
    public void migrationReopened(MigrationReopened event) {}

    @Override
    public void migrationFailed(MigrationFailed event) {}

    @Override
    public void codeMissing(CodeMissing event) {}
}
