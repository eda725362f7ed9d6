package org.registrybbm.migrations.verification;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.verification.Verification.Ended;
import org.registrybbm.migrations.verification.Verification.State;
import org.registrybbm.migrations.verification.VerificationResult.Verdict;
import org.registrybbm.migrations.verification.Verifications.Ticket;

/** Statements on {@code batched_background_migration_verifications}. */
final class VerificationQueries {
    private static final String BEGIN = """
            INSERT INTO batched_background_migration_verifications AS v
                (batched_background_migration_id, replica, asked_by)
            VALUES (?, ?, ?)
            ON CONFLICT (batched_background_migration_id) DO UPDATE
            SET run = DEFAULT,
                replica = excluded.replica,
                asked_by = excluded.asked_by,
                started_at = DEFAULT,
                seen_at = DEFAULT,
                rows_read = DEFAULT,
                ended_at = NULL,
                verdict = NULL,
                rows_left = NULL,
                explanation = NULL
            WHERE v.ended_at IS NOT NULL
                OR v.seen_at < clock_timestamp() - make_interval(secs => ?)
            RETURNING run::text AS run
            """;

    private static final String GOES_ON = """
            UPDATE batched_background_migration_verifications
            SET seen_at = clock_timestamp(),
                rows_read = ?
            WHERE batched_background_migration_id = ?
                AND run = ?::uuid
                AND ended_at IS NULL
            """;

    private static final String END = """
            UPDATE batched_background_migration_verifications
            SET seen_at = clock_timestamp(),
                ended_at = clock_timestamp(),
                rows_read = ?,
                verdict = ?,
                rows_left = ?,
                explanation = ?
            WHERE batched_background_migration_id = ?
                AND run = ?::uuid
                AND ended_at IS NULL
            """;

    private static final String LAST = """
            SELECT m.name, v.replica, v.asked_by, v.started_at, v.rows_read, v.ended_at, v.verdict, v.rows_left, v.explanation,
                v.seen_at < clock_timestamp() - make_interval(secs => ?) AS silent
            FROM batched_background_migration_verifications v
            JOIN batched_background_migrations m ON m.id = v.batched_background_migration_id
            WHERE v.batched_background_migration_id = ?
            """;

    private VerificationQueries() {}

    /** Returns the new run; empty if one is under way. */
    static Optional<String> begin(Connection tx, long migrationId, String replica, @Nullable String askedBy)
            throws SQLException {
        return Jdbc.first(tx, BEGIN, row -> row.getString("run"), migrationId, replica, askedBy, silence());
    }

    static boolean goesOn(Connection tx, long migrationId, String run, long rowsRead) throws SQLException {
        return Jdbc.update(tx, GOES_ON, rowsRead, migrationId, run) == 1;
    }

    static boolean end(Connection tx, Ticket ticket, long rowsRead, VerificationResult result) throws SQLException {
        return Jdbc.update(
                        tx,
                        END,
                        rowsRead,
                        result.verdict().name().toLowerCase(Locale.ROOT),
                        result.left(),
                        result.explanation(),
                        ticket.migrationId(),
                        ticket.run())
                == 1;
    }

    static Optional<Verification> last(Connection connection, long migrationId) throws SQLException {
        return Jdbc.first(connection, LAST, VerificationQueries::verification, silence(), migrationId);
    }

    private static Verification verification(ResultSet row) throws SQLException {
        OffsetDateTime endedAt = row.getObject("ended_at", OffsetDateTime.class);
        Ended ended = endedAt == null
                ? null
                : new Ended(
                        endedAt.toInstant(),
                        Verdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)),
                        row.getLong("rows_left"),
                        row.getString("explanation"));
        State state = ended != null ? State.ENDED : row.getBoolean("silent") ? State.LOST : State.RUNNING;
        return new Verification(
                row.getString("name"),
                state,
                row.getString("replica"),
                row.getString("asked_by"),
                row.getObject("started_at", OffsetDateTime.class).toInstant(),
                row.getLong("rows_read"),
                ended);
    }

    private static double silence() {
        return Verifications.SILENCE.toSeconds();
    }
}
