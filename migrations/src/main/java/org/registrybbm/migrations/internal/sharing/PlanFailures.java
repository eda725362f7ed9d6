package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/**
 * Plans that failed for a reason that may pass, as the migrations' rows record them. The next plan waits 1 s by the database's clock, and
 * then twice as long each time, up to a minute. A plan that succeeds clears the record, and so does the table's trigger when the status
 * changes.
 */
public final class PlanFailures {
    static final String COLUMNS = """
            m.plan_failures, m.plan_failure_message, m.plan_again_at,
            coalesce(m.plan_again_at > clock_timestamp(), false) AS rests
            """;

    // This does not wait for a row that somebody has locked: the next turn tries it again anyway.
    private static final String ROW_IF_FREE = """
            WHERE id = (
                SELECT id
                FROM batched_background_migrations
                WHERE id = ?
                    AND status IN (1, 4)
                FOR NO KEY UPDATE SKIP LOCKED
            )
            """;

    private static final String NOTE = """
            UPDATE batched_background_migrations
            SET plan_failures = plan_failures + 1,
                plan_failure_message = ?,
                plan_again_at = clock_timestamp() + make_interval(secs => least(60, power(2, least(plan_failures, 10))))
            """ + ROW_IF_FREE;

    private static final String FORGET = """
            UPDATE batched_background_migrations
            SET plan_failures = 0,
                plan_failure_message = NULL,
                plan_again_at = NULL
            """ + ROW_IF_FREE;

    private PlanFailures() {}

    /**
     * The last failed plan of a migration.
     *
     * @param message why it failed, without row values
     * @param again when the migration is planned again
     * @param rests whether that time is still to come
     */
    public record PlanFailure(String message, @Nullable Instant again, boolean rests) {}

    static @Nullable PlanFailure read(ResultSet row) throws SQLException {
        if (row.getInt("plan_failures") == 0) {
            return null;
        }
        String message = Objects.requireNonNullElse(row.getString("plan_failure_message"), "no message was recorded");
        return new PlanFailure(message, ResultSets.instant(row, "plan_again_at"), row.getBoolean("rests"));
    }

    /** Counts a failed plan and sets when the next one is due; returns false if somebody has locked the row. */
    public static boolean note(Connection connection, long migrationId, String message) throws SQLException {
        return Jdbc.update(connection, NOTE, message, migrationId) > 0;
    }

    /** Clears the record, so that the migration is planned again at once. */
    public static void forget(Connection connection, long migrationId) throws SQLException {
        Jdbc.update(connection, FORGET, migrationId);
    }
}
