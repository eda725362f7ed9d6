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
 * Writes each event as one line of the logger {@value #NAME}, with the facts as key-value pairs for hosts whose layout shows these. Every
 * engine has one, wherever it runs; a host that wants fewer lines sets the logger's level.
 */
public final class EventLogger implements MigrationListener {
    /** The name of the logger. */
    public static final String NAME = "registry.bbm.Worker";

    private static final Logger LOGGER = LoggerFactory.getLogger(NAME);

    /** Makes one. */
    public EventLogger() {}

    @Override
    public void on(MigrationEvent event) {
        if (event instanceof SubBatchCommitted e) {
            LogFields.on(LOGGER.atDebug())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("covered_tuple_count", e.covered())
                    .with("migrated_tuple_count", e.migrated())
                    .took(e.took())
                    .log("a sub-batch of %s was committed", batchJob(e.migration(), e.job()));
        } else if (event instanceof BatchStarted e) {
            LogFields.on(LOGGER.atInfo())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("takeover", e.takeover())
                    .log(e.takeover() ? "%s taken over" : "%s started", batchJob(e.migration(), e.job()));
        } else if (event instanceof BatchFinished e) {
            LogFields.on(LOGGER.atInfo())
                    .job(e.migration(), e.job(), JobStatus.FINISHED, e.replica())
                    .with("covered_tuple_count", e.job().coveredTupleCount())
                    .with("migrated_tuple_count", e.job().migratedTupleCount())
                    .took(e.took())
                    .log("%s finished", batchJob(e.migration(), e.job()));
        } else if (event instanceof BatchFailed e) {
            LogFields.on(e.exhausted() ? LOGGER.atError() : LOGGER.atWarn())
                    .job(e.migration(), e.job(), JobStatus.FAILED, e.replica())
                    .failure(e.failure())
                    .took(e.took())
                    .log(
                            e.exhausted() ? "%s failed, no attempt is left: %s" : "%s failed, it is tried again: %s",
                            batchJob(e.migration(), e.job()),
                            e.failure().message());
        } else if (event instanceof BatchHandedBack e) {
            String reason = e.reason().name().toLowerCase(Locale.ROOT);
            LogFields.on(LOGGER.atInfo())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("reason", reason)
                    .log("%s handed back: %s", batchJob(e.migration(), e.job()), reason.replace('_', ' '));
        } else if (event instanceof RowsQuarantined e) {
            LogFields.on(LOGGER.atWarn())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("quarantined_tuple_count", e.failures().size())
                    .failure(e.failures().get(0))
                    .log(
                            "rows that could not be changed were quarantined, %s goes on: %s",
                            batchJob(e.migration(), e.job()),
                            e.failures().get(0).message());
        } else if (event instanceof BatchLost e) {
            LogFields.on(LOGGER.atWarn())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("reason", e.why())
                    .log("%s lost, whoever claims it next goes on: %s", batchJob(e.migration(), e.job()), e.why());
        } else {
            migration(event);
        }
    }

    private static void migration(MigrationEvent event) {
        if (event instanceof MigrationFinished e) {
            LogFields.on(LOGGER.atInfo())
                    .migration(e.migration())
                    .log("batched migration '%s' finished", e.migration().name());
        } else if (event instanceof MigrationFailed e) {
            LogFields.on(LOGGER.atError())
                    .migration(e.migration())
                    .failure(e.failure())
                    .log(
                            "batched migration '%s' failed, a person must act: %s",
                            e.migration().name(), e.failure().message());
        } else if (event instanceof MigrationReopened e) {
            // The planner has warned of it.
            LogFields.on(LOGGER.atInfo())
                    .migration(e.migration())
                    .with("reason", e.reason())
                    .log(
                            "batched migration '%s' was set to finished but is not complete, it is active again: %s",
                            e.migration().name(), e.reason());
        } else if (event instanceof CodeMissing e) {
            LogFields.on(LOGGER.atWarn())
                    .migration(e.migration())
                    .with("missing_since", e.since())
                    .log(
                            "no replica knows the code of batched migration '%s' yet",
                            e.migration().name());
        }
    }

    private static String batchJob(BatchedMigration migration, BatchJob job) {
        return "batch job " + job.id() + " of '" + migration.name() + "'";
    }
}
