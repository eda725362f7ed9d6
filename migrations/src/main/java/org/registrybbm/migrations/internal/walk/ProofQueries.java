package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements about the proof that no row is left. */
public final class ProofQueries {
    // A walk that was opened after a proof may have changed rows or may have found some, so another proof is needed.
    private static final String IS_PROVED = """
            SELECT coalesce(
                (
                    SELECT w.kind = 'verify' AND EXISTS (
                        SELECT
                        FROM batched_background_migration_jobs j
                        WHERE j.walk_id = w.id
                            AND j.status = 2
                    )
                    FROM batched_background_migration_walks w
                    WHERE w.batched_background_migration_id = ?
                    ORDER BY w.id DESC
                    LIMIT 1
                ),
                false
            ) AS proved
            """;

    // The count starts again when somebody sets the migration to active after it failed.
    private static final String IS_ENDLESS = """
            SELECT count(DISTINCT w.pass) >= ?
                AND min(w.created_at) < clock_timestamp() - make_interval(secs => ?) AS endless
            FROM batched_background_migration_walks w
            JOIN batched_background_migrations m ON m.id = w.batched_background_migration_id
            WHERE w.batched_background_migration_id = ?
                AND w.kind = 'change'
                AND w.created_at >= coalesce(m.started_at, '-infinity')
            """;

    private ProofQueries() {}

    /** Returns whether the newest walk of a migration is a proof that was finished. */
    public static boolean isProved(Connection connection, long migrationId) throws SQLException {
        return Jdbc.one(connection, IS_PROVED, row -> row.getBoolean("proved"), migrationId);
    }

    /** Returns whether a migration has made this many passes since it was last started, and has taken this long. */
    public static boolean isEndless(Connection connection, long migrationId, int passes, Duration longest)
            throws SQLException {
        return Jdbc.one(
                connection,
                IS_ENDLESS,
                row -> row.getBoolean("endless"),
                passes,
                (double) longest.toSeconds(),
                migrationId);
    }
}
