package org.registrybbm.migrations.status;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.internal.tables.JobQueries;

/** Statements that list the batch jobs of a migration for people. */
final class BatchJobQueries {
    // The last condition pages through them: the newest come first. The schema of the release before has no number of
    // folded
    // batch jobs.
    private static final String LIST = JobQueries.WITH_HELD + "SELECT " + JobQueries.COLUMNS + """
                , coalesce((to_jsonb(j) ->> 'folded_job_count')::bigint, 0) AS folded, coalesce(w.kind, 'change') AS kind, w.table_name, j.id IN (SELECT id FROM held) AS held,
                j.started_at, j.finished_at, CASE WHEN j.status = 3 THEN j.retry_at END AS retry_at,
                coalesce(j.busy_ms, 0) AS busy_ms, CASE WHEN j.blocked_since IS NOT NULL THEN j.blocked_by END AS blocked_by,
                j.failure_error_code, j.failure_class, j.failure_sqlstate, j.failure_message
            FROM batched_background_migration_jobs j
            LEFT JOIN batched_background_migration_walks w ON w.id = j.walk_id
            WHERE j.batched_background_migration_id = ?
                AND (NOT ? OR j.status <> 2)
                AND j.id < ?
            ORDER BY j.id DESC
            LIMIT ?
            """;

    private BatchJobQueries() {}

    static List<BatchJobOverview> list(
            Connection connection, long migrationId, boolean unfinished, long before, int limit) throws SQLException {
        return Jdbc.list(connection, LIST, BatchJobQueries::overview, migrationId, unfinished, before, limit);
    }

    private static BatchJobOverview overview(ResultSet row) throws SQLException {
        return new BatchJobOverview(
                JobQueries.job(row),
                row.getLong("folded"),
                row.getString("kind"),
                row.getString("table_name"),
                row.getBoolean("held"),
                ResultSets.instant(row, "started_at"),
                ResultSets.instant(row, "finished_at"),
                ResultSets.instant(row, "retry_at"),
                row.getLong("busy_ms"),
                row.getString("blocked_by"),
                failure(row));
    }

    private static @Nullable Failure failure(ResultSet row) throws SQLException {
        Integer code = ResultSets.integer(row, "failure_error_code");
        String message = row.getString("failure_message");
        return code == null
                ? null
                : new Failure(
                        FailureCode.of(code),
                        row.getString("failure_class"),
                        row.getString("failure_sqlstate"),
                        message == null ? Failure.NO_MESSAGE : message);
    }
}
