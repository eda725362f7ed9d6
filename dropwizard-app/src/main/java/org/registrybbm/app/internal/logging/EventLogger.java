package org.registrybbm.app.internal.logging;

import java.util.Locale;
import org.registrybbm.migrations.JobStatus;
import org.registrybbm.migrations.MigrationEvent;
import org.registrybbm.migrations.MigrationEvent.BatchFailed;
import org.registrybbm.migrations.MigrationEvent.BatchFinished;
import org.registrybbm.migrations.MigrationEvent.BatchHandedBack;
import org.registrybbm.migrations.MigrationEvent.BatchLost;
import org.registrybbm.migrations.MigrationEvent.BatchStarted;
import org.registrybbm.migrations.MigrationEvent.CodeMissing;
import org.registrybbm.migrations.MigrationEvent.MigrationFailed;
import org.registrybbm.migrations.MigrationEvent.MigrationFinished;
import org.registrybbm.migrations.MigrationEvent.MigrationReopened;
import org.registrybbm.migrations.MigrationEvent.RowsQuarantined;
import org.registrybbm.migrations.MigrationEvent.SubBatchCommitted;
import org.registrybbm.migrations.MigrationListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes each event of the engine as one log line. */
public final class EventLogger implements MigrationListener {
    private static final Logger LOGGER = LoggerFactory.getLogger("registry.bbm.Worker");

    @Override
    public void on(MigrationEvent event) {
        if (event instanceof SubBatchCommitted e) {
            Fields.on(LOGGER.atDebug())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("covered_tuple_count", e.covered())
                    .with("migrated_tuple_count", e.migrated())
                    .took(e.took())
                    .log("sub-batch committed");
        } else if (event instanceof BatchStarted e) {
            Fields.on(LOGGER.atInfo())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("takeover", e.takeover())
                    .log(e.takeover() ? "batch job taken over" : "batch job started");
        } else if (event instanceof BatchFinished e) {
            Fields.on(LOGGER.atInfo())
                    .job(e.migration(), e.job(), JobStatus.FINISHED, e.replica())
                    .with("covered_tuple_count", e.job().coveredTupleCount())
                    .with("migrated_tuple_count", e.job().migratedTupleCount())
                    .took(e.took())
                    .log("batch job finished");
        } else if (event instanceof BatchFailed e) {
            Fields.on(e.exhausted() ? LOGGER.atError() : LOGGER.atWarn())
                    .job(e.migration(), e.job(), JobStatus.FAILED, e.replica())
                    .failure(e.failure())
                    .took(e.took())
                    .log(
                            e.exhausted()
                                    ? "batch job failed, no attempt is left"
                                    : "batch job failed, it is tried again");
        } else if (event instanceof BatchHandedBack e) {
            Fields.on(LOGGER.atInfo())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("reason", e.reason().name().toLowerCase(Locale.ROOT))
                    .log("batch job handed back");
        } else if (event instanceof RowsQuarantined e) {
            Fields.on(LOGGER.atWarn())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("quarantined_tuple_count", e.failures().size())
                    .failure(e.failures().get(0))
                    .log("rows could not be changed and were quarantined, the batch job goes on");
        } else if (event instanceof BatchLost e) {
            Fields.on(LOGGER.atWarn())
                    .job(e.migration(), e.job(), JobStatus.ACTIVE, e.replica())
                    .with("reason", e.why())
                    .log("batch job lost, whoever claims it next goes on");
        } else {
            migration(event);
        }
    }

    private static void migration(MigrationEvent event) {
        if (event instanceof MigrationFinished e) {
            Fields.on(LOGGER.atInfo()).migration(e.migration()).log("batched migration finished");
        } else if (event instanceof MigrationFailed e) {
            Fields.on(LOGGER.atError())
                    .migration(e.migration())
                    .failure(e.failure())
                    .log("batched migration failed, a person must act");
        } else if (event instanceof MigrationReopened e) {
            // The planner has warned of it.
            Fields.on(LOGGER.atInfo())
                    .migration(e.migration())
                    .with("reason", e.reason())
                    .log("batched migration was set to finished but is not complete, it is active again");
        } else if (event instanceof CodeMissing e) {
            Fields.on(LOGGER.atWarn())
                    .migration(e.migration())
                    .with("missing_since", e.since())
                    .log("no replica knows the batched migration's code yet");
        }
    }
}
