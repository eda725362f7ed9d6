package org.registrybbm.app.internal.sentry;

import io.sentry.Sentry;
import io.sentry.SentryEvent;
import io.sentry.SentryLevel;
import io.sentry.protocol.Message;
import io.sentry.protocol.SentryException;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.registrybbm.app.internal.secrets.Scrubber;
import org.registrybbm.migrations.event.EventAdapter;
import org.registrybbm.migrations.event.MigrationEvent.BatchFailed;
import org.registrybbm.migrations.event.MigrationEvent.MigrationFailed;
import org.registrybbm.migrations.event.MigrationEvent.RowsQuarantined;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;

/**
 * Sends an error to Sentry when a batch job has used up its attempts, and when a migration fails for another reason or cannot start. Sends
 * a warning when rows are quarantined. Events are grouped by migration and error; at most one of each group is sent in ten minutes.
 */
public final class SentryAlarm extends EventAdapter {
    private static final Duration A_WHILE = Duration.ofMinutes(10);

    private final String replica;
    private final AlarmGate gate;
    private final AlarmGate exhausted;

    /**
     * Creates an alarm of a replica.
     *
     * @param replica this replica's name
     * @param nanos a clock that only goes forward
     */
    public SentryAlarm(String replica, LongSupplier nanos) {
        this.replica = replica;
        this.gate = new AlarmGate(A_WHILE, nanos);
        this.exhausted = new AlarmGate(A_WHILE, nanos);
    }

    @Override
    public void batchFailed(BatchFailed failed) {
        if (failed.exhausted()) {
            exhausted.passes(failed.migration().id());
            send(batch(failed), failed.migration(), failed.failure());
        }
    }

    @Override
    public void migrationFailed(MigrationFailed failed) {
        if (!isKnown(failed)) {
            send(migration(failed), failed.migration(), failed.failure());
        }
    }

    @Override
    public void rowsQuarantined(RowsQuarantined quarantined) {
        // The gate makes rows that fail alike one alarm, within a sub-batch and across several.
        quarantined.failures().forEach(failure -> warn(quarantined, failure));
    }

    private void warn(RowsQuarantined quarantined, Failure failure) {
        BatchedMigration migration = quarantined.migration();
        BatchJob job = quarantined.job();
        SentryEvent event = event(
                migration,
                failure,
                "batched migration %s goes on without rows that it could not change; they are in quarantine"
                        .formatted(migration.name()));
        event.setLevel(SentryLevel.WARNING);
        event.setTag("batch_job", Long.toString(job.id()));
        event.setTag("range", range(job.range().min(), job.range().max()));
        event.setTag("replica", quarantined.replica());
        // Warnings have a group of their own, because a warning must not silence the alarm of a migration that failed.
        send(event, List.of("bbm", migration.name(), "quarantine", errorClass(failure), sqlState(failure)));
    }

    // A batch job that has used up its attempts also fails its migration. That is one alarm, not two.
    private boolean isKnown(MigrationFailed failed) {
        return failed.failure().code() == FailureCode.MAX_JOB_RETRY
                && exhausted.passedLately(failed.migration().id());
    }

    private SentryEvent batch(BatchFailed failed) {
        BatchJob job = failed.job();
        SentryEvent event = event(
                failed.migration(),
                failed.failure(),
                "batched migration %s failed: a batch job has no attempt left"
                        .formatted(failed.migration().name()));
        event.setTag("batch_job", Long.toString(job.id()));
        event.setTag("range", range(job.range().min(), job.range().max()));
        event.setTag("replica", failed.replica());
        event.setTag("attempt", Integer.toString(job.attempts()));
        return event;
    }

    private SentryEvent migration(MigrationFailed failed) {
        BatchedMigration migration = failed.migration();
        SentryEvent event = event(
                migration,
                failed.failure(),
                "batched migration %s failed: a person must act".formatted(migration.name()));
        event.setTag(
                "range", range(migration.bounds().first(), migration.bounds().last()));
        event.setTag("replica", replica);
        return event;
    }

    private static SentryEvent event(BatchedMigration migration, Failure failure, String text) {
        SentryEvent event = new SentryEvent();
        Message message = new Message();
        message.setFormatted(text + ": " + Scrubber.scrub(failure.message()));
        event.setMessage(message);
        event.setLevel(SentryLevel.ERROR);
        event.setLogger("registry.bbm.Worker");
        event.setTag("migration", migration.name());
        event.setTag("table", migration.definition().table());
        event.setTag("failure", failure.code().word());
        if (failure.sqlState() != null) {
            event.setTag("sql_state", failure.sqlState());
        }
        SentryException exception = new SentryException();
        exception.setType(errorClass(failure));
        exception.setValue(Scrubber.scrub(failure.message()));
        event.setExceptions(List.of(exception));
        return event;
    }

    private void send(SentryEvent event, BatchedMigration migration, Failure failure) {
        send(event, List.of("bbm", migration.name(), errorClass(failure), sqlState(failure)));
    }

    private void send(SentryEvent event, List<String> group) {
        event.setFingerprints(group);
        if (gate.passes(group)) {
            Sentry.captureEvent(event);
        }
    }

    private static String errorClass(Failure failure) {
        String name = failure.errorClass();
        return name == null ? failure.code().word() : name;
    }

    private static String sqlState(Failure failure) {
        String state = failure.sqlState();
        return state == null ? "" : state;
    }

    private static String range(long first, long last) {
        return "[" + first + ", " + last + "]";
    }
}
