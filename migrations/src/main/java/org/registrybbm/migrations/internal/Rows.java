package org.registrybbm.migrations.internal;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchJob;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.Failure;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.JobStatus;
import org.registrybbm.migrations.Key;
import org.registrybbm.migrations.MigrationStatus;
import org.registrybbm.migrations.SizeBounds;

/** Maps rows to records. The columns are those of {@link MigrationQueries#COLUMNS} and {@link JobQueries#COLUMNS}. */
final class Rows {
    private Rows() {}

    static BatchedMigration migration(ResultSet row) throws SQLException {
        return new BatchedMigration(
                row.getLong("m_id"),
                row.getString("m_name"),
                MigrationStatus.of(row.getInt("m_status")),
                row.getString("m_job_signature_name"),
                row.getString("m_table_name"),
                row.getString("m_column_name"),
                row.getString("m_batching_strategy"),
                row.getLong("m_min_value"),
                row.getLong("m_max_value"),
                row.getInt("m_batch_size"),
                row.getBoolean("m_batch_size_fixed"),
                new SizeBounds(integer(row, "m_batch_size_min"), integer(row, "m_batch_size_max")),
                new SizeBounds(integer(row, "m_sub_batch_size_min"), integer(row, "m_sub_batch_size_max")),
                row.getInt("m_quarantine_limit"),
                row.getString("m_arguments"),
                nullable(row, "m_total_tuple_count"),
                instant(row, "m_started_at"),
                instant(row, "m_finished_at"),
                instant(row, "m_verified_at"),
                instant(row, "m_code_missing_since"),
                failure(row));
    }

    static BatchJob job(ResultSet row) throws SQLException {
        return new BatchJob(
                row.getLong("j_id"),
                row.getLong("j_migration_id"),
                nullable(row, "j_walk_id"),
                new BatchJob.Range(
                        row.getLong("j_min_value"),
                        row.getLong("j_max_value"),
                        Keys.read(row.getString("j_after_key")),
                        Keys.read(row.getString("j_through_key"))),
                JobStatus.of(row.getInt("j_status")),
                row.getInt("j_attempts"),
                Keys.read(row.getString("j_last_key")),
                integer(row, "j_sub_batch_size"),
                row.getLong("j_covered_tuple_count"),
                row.getLong("j_migrated_tuple_count"),
                row.getString("j_lease_owner"),
                row.getInt("j_takeover_count"));
    }

    /** Reads a key from its columns as {@link KeyColumns#selected} gives them. */
    static Key key(ResultSet row, KeyColumns columns) throws SQLException {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < columns.columns().size(); i++) {
            values.add(row.getString("k" + i));
        }
        return new Key(values);
    }

    private static @Nullable Failure failure(ResultSet row) throws SQLException {
        Long code = nullable(row, "m_failure_error_code");
        if (code == null) {
            return null;
        }
        FailureCode known = FailureCode.of(Math.toIntExact(code));
        String message = row.getString("m_failure_message");
        return new Failure(
                known,
                row.getString("m_failure_class"),
                row.getString("m_failure_sqlstate"),
                message == null ? Failure.NO_MESSAGE : message);
    }

    static @Nullable Long nullable(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : value;
    }

    static @Nullable Integer integer(ResultSet row, String column) throws SQLException {
        int value = row.getInt(column);
        return row.wasNull() ? null : value;
    }

    static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }
}
