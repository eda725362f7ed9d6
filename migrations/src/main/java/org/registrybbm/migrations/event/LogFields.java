package org.registrybbm.migrations.event;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.BatchJob;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.JobStatus;
import org.slf4j.spi.LoggingEventBuilder;

/** Adds the documented fields to a log line. Their names never change, because runbooks filter by them. */
public final class LogFields {
    private static final double NANOS = 1e9;

    private LoggingEventBuilder line;

    private LogFields(LoggingEventBuilder line) {
        this.line = line;
    }

    public static LogFields on(LoggingEventBuilder line) {
        return new LogFields(line.addKeyValue("component", EventLogger.NAME));
    }

    public LogFields migration(BatchedMigration migration) {
        return with("bbm_id", migration.id())
                .with("bbm_name", migration.name())
                .with("bbm_batch_size", migration.sizing().first())
                .with("bbm_status", migration.status().word())
                .with("bbm_job_signature_key", migration.definition().signature())
                .with("bbm_target_column", migration.definition().column())
                .with("bbm_target_table", migration.definition().table())
                .with("bbm_batching_strategy", migration.definition().strategy())
                .with("bbm_total_tuple_count", migration.totalTupleCount());
    }

    public LogFields job(BatchedMigration migration, BatchJob job, JobStatus status, String replica) {
        return migration(migration)
                .with("job_id", job.id())
                .with("job_bbm_id", job.migrationId())
                .with("job_name", migration.definition().signature())
                .with("job_attempts", job.attempts())
                .with("job_start_id", job.range().min())
                .with("job_end_id", job.range().max())
                .with("job_batch_size", migration.sizing().first())
                .with("job_status", status.word())
                .with("job_pagination_column", migration.definition().column())
                .with("job_pagination_table", migration.definition().table())
                .with("job_batching_strategy", migration.definition().strategy())
                .with("correlation_id", replica + "-" + job.id() + "-" + job.attempts())
                .with("replica", replica);
    }

    public LogFields took(Duration took) {
        return with("duration_s", took.toNanos() / NANOS);
    }

    public LogFields failure(Failure failure) {
        return with("failure_error_code", failure.code().code())
                .with("failure", failure.code().word())
                .with("error_class", failure.errorClass())
                .with("sql_state", failure.sqlState())
                .with("error", failure.message());
    }

    public LogFields with(String key, @Nullable Object value) {
        if (value != null) {
            line = line.addKeyValue(key, value);
        }
        return this;
    }

    /** Writes the line. */
    public void log(String format, Object... args) {
        line.log(() -> String.format(Locale.ROOT, format, args));
    }
}
