package org.registrybbm.migrations.request;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.registrybbm.migrations.internal.jdbc.AdvisoryKeys;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on {@code batched_background_migration_request_keys}. */
final class RequestKeyQueries {
    private static final String CLAIM = """
            INSERT INTO batched_background_migration_request_keys AS k (actor, key, fingerprint)
            VALUES (?, ?, ?)
            ON CONFLICT (actor, key) DO UPDATE
            SET run = DEFAULT,
                fingerprint = excluded.fingerprint,
                created_at = DEFAULT,
                status = NULL,
                location = NULL,
                body = NULL
            WHERE k.created_at < clock_timestamp() - make_interval(secs => ?)
                OR k.status IS NULL
                    AND k.fingerprint = excluded.fingerprint
                    AND k.created_at < clock_timestamp() - make_interval(secs => ?)
            RETURNING run::text AS run
            """;

    private static final String FIND = """
            SELECT fingerprint = ? AS same, status, location, body
            FROM batched_background_migration_request_keys
            WHERE actor = ?
                AND key = ?
            """;

    private static final String ANSWER = """
            UPDATE batched_background_migration_request_keys
            SET status = ?,
                location = ?,
                body = ?
            WHERE actor = ?
                AND key = ?
                AND run = ?::uuid
                AND status IS NULL
            """;

    private static final String RELEASE = """
            DELETE FROM batched_background_migration_request_keys
            WHERE actor = ?
                AND key = ?
                AND run = ?::uuid
                AND status IS NULL
            """;

    // One thins at a time, and the others leave it to them.
    private static final String MAY_THIN =
            "SELECT pg_try_advisory_xact_lock(" + AdvisoryKeys.of("request keys are thinned", "0") + ") AS mine";

    private static final String THIN = """
            DELETE FROM batched_background_migration_request_keys
            WHERE created_at < clock_timestamp() - make_interval(secs => ?)
                OR actor = ?
                    AND status IS NOT NULL
                    AND created_at < (
                        SELECT created_at
                        FROM batched_background_migration_request_keys
                        WHERE actor = ?
                        ORDER BY created_at DESC
                        OFFSET ?
                        LIMIT 1
                    )
            """;

    private RequestKeyQueries() {}

    static Claim claim(Connection tx, String actor, String key, String fingerprint) throws SQLException {
        Optional<String> run = Jdbc.first(
                tx,
                CLAIM,
                row -> row.getString("run"),
                actor,
                key,
                fingerprint,
                (double) RequestKeys.KEPT.toSeconds(),
                (double) RequestKeys.IN_PROGRESS.toSeconds());
        return run.isPresent()
                ? new Claim.Mine(actor, key, run.get())
                // One that was there a moment ago may have been released.
                : Jdbc.first(tx, FIND, RequestKeyQueries::found, fingerprint, actor, key)
                        .orElseGet(Claim.InProgress::new);
    }

    private static Claim found(ResultSet row) throws SQLException {
        if (!row.getBoolean("same")) {
            return new Claim.OtherRequest();
        }
        int status = row.getInt("status");
        return status == 0
                ? new Claim.InProgress()
                : new Claim.Answered(new Answer(status, row.getString("location"), row.getString("body")));
    }

    static void thin(Connection tx, String actor) throws SQLException {
        if (Jdbc.one(tx, MAY_THIN, row -> row.getBoolean("mine"))) {
            long unused =
                    Jdbc.update(tx, THIN, (double) RequestKeys.KEPT.toSeconds(), actor, actor, RequestKeys.MOST - 1);
        }
    }

    static boolean answer(Connection tx, Claim.Mine claim, Answer answer) throws SQLException {
        return Jdbc.update(
                        tx,
                        ANSWER,
                        answer.status(),
                        answer.location(),
                        answer.body(),
                        claim.actor(),
                        claim.key(),
                        claim.run())
                == 1;
    }

    static boolean release(Connection tx, Claim.Mine claim) throws SQLException {
        return Jdbc.update(tx, RELEASE, claim.actor(), claim.key(), claim.run()) == 1;
    }
}
