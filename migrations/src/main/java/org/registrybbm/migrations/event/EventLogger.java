package org.registrybbm.migrations.event;

import java.util.Locale;
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
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.JobStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes each event to the log as one line of the logger {@value #NAME}. The facts are also attached as key-value pairs, for hosts whose
 * layout shows them. Every engine has such a listener. A host that wants fewer lines sets the level of the logger.
 */
public final class EventLogger implements MigrationListener, EventHandler {
    /** The name of the logger. */
    public static final String NAME = "registry.bbm.Worker";

    private static final Logger LOGGER = LoggerFactory.getLogger(NAME);

    /** Creates the listener. */
    public EventLogger() {}

    @Override
    public void on(MigrationEvent event) {
        event.accept(this);
    }

    @Override
    public void subBatchCommitted(SubBatchCommitted event) {
        LogFields.on(LOGGER.atDebug())
                .job(event.migration(), event.job(), JobStatus.ACTIVE, event.replica())
                .with("covered_tuple_count", event.covered())
                .with("migrated_tuple_count", event.migrated())
                .took(event.took())
                .log("a sub-batch of %s was committed", batchJob(event.migration(), event.job()));
    }

    @Override
    public void batchStarted(BatchStarted event) {
        LogFields.on(LOGGER.atInfo())
                .job(event.migration(), event.job(), JobStatus.ACTIVE, event.replica())
                .with("takeover", event.takeover())
                .log(event.takeover() ? "%s taken over" : "%s started", batchJob(event.migration(), event.job()));
    }

    @Override
    public void batchFinished(BatchFinished event) {
        LogFields.on(LOGGER.atInfo())
                .job(event.migration(), event.job(), JobStatus.FINISHED, event.replica())
                .with("covered_tuple_count", event.job().coveredTupleCount())
                .with("migrated_tuple_count", event.job().migratedTupleCount())
                .took(event.took())
                .log("%s finished", batchJob(event.migration(), event.job()));
    }

    @Override
    public void batchFailed(BatchFailed event) {
        LogFields.on(event.exhausted() ? LOGGER.atError() : LOGGER.atWarn())
                .job(event.migration(), event.job(), JobStatus.FAILED, event.replica())
                .failure(event.failure())
                .took(event.took())
                .log(
                        event.exhausted()
                                ? "%s failed, no attempt is left: %s"
                                : "%s failed, it will be tried again: %s",
                        batchJob(event.migration(), event.job()),
                        event.failure().message());
    }

    @Override
    public void batchHandedBack(BatchHandedBack event) {
        String reason = event.reason().name().toLowerCase(Locale.ROOT);
        LogFields.on(LOGGER.atInfo())
                .job(event.migration(), event.job(), JobStatus.ACTIVE, event.replica())
                .with("reason", reason)
                .log("%s was handed back: %s", batchJob(event.migration(), event.job()), reason.replace('_', ' '));
    }

    @Override
    public void rowsQuarantined(RowsQuarantined event) {
        LogFields.on(LOGGER.atWarn())
                .job(event.migration(), event.job(), JobStatus.ACTIVE, event.replica())
                .with("quarantined_tuple_count", event.failures().size())
                .failure(event.failures().get(0))
                .log(
                        "rows that could not be changed were put into quarantine, %s goes on: %s",
                        batchJob(event.migration(), event.job()),
                        event.failures().get(0).message());
    }

    @Override
    public void batchLost(BatchLost event) {
        LogFields.on(LOGGER.atWarn())
                .job(event.migration(), event.job(), JobStatus.ACTIVE, event.replica())
                .with("reason", event.why())
                .log(
                        "this worker lost %s, the next one to claim it continues at its cursor: %s",
                        batchJob(event.migration(), event.job()), event.why());
    }

    @Override
    public void migrationFinished(MigrationFinished event) {
        LogFields.on(LOGGER.atInfo())
                .migration(event.migration())
                .log("batched migration '%s' finished", event.migration().name());
    }

    @Override
    public void migrationFailed(MigrationFailed event) {
        LogFields.on(LOGGER.atError())
                .migration(event.migration())
                .failure(event.failure())
                .log(
                        "batched migration '%s' failed, a person must act: %s",
                        event.migration().name(), event.failure().message());
    }

    @Override
    public void migrationReopened(MigrationReopened event) {
        // The planner has already written a warning.
        LogFields.on(LOGGER.atInfo())
                .migration(event.migration())
                .with("reason", event.reason())
                .log(
                        "batched migration '%s' was set to finished although it is not complete, and is active again now: %s",
                        event.migration().name(), event.reason());
    }

    @Override
    public void codeMissing(CodeMissing event) {
        LogFields.on(LOGGER.atWarn())
                .migration(event.migration())
                .with("missing_since", event.since())
                .log(
                        "no replica has the code of batched migration '%s' yet",
                        event.migration().name());
    }

    private static String batchJob(BatchedMigration migration, BatchJob job) {
        return "batch job " + job.id() + " of '" + migration.name() + "'";
    }
}
