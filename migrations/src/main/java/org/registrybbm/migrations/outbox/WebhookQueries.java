package org.registrybbm.migrations.outbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** Statements on {@code batched_background_migration_webhook}, which says who sends and whether anybody listens. */
final class WebhookQueries {
    // A receiver that was gone gets another chance when a replica starts.
    private static final String LISTEN = """
            INSERT INTO batched_background_migration_webhook AS w (events, listens_until)
            VALUES (?, clock_timestamp() + interval '7 days')
            ON CONFLICT (only_row) DO UPDATE
            SET events = excluded.events,
                listens_until = excluded.listens_until,
                gone = CASE WHEN w.gone <> ? THEN w.gone END
            """;

    private static final String RENEW = """
            UPDATE batched_background_migration_webhook
            SET listens_until = clock_timestamp() + interval '7 days'
            WHERE gone IS DISTINCT FROM ?
            """;

    private static final String DUE = """
            SELECT w.gone IS DISTINCT FROM ?
                    AND w.listens_until < clock_timestamp() + interval '6 days' AS renew,
                w.gone IS DISTINCT FROM ?
                    AND w.events && '{stalled,progress}'
                    AND coalesce(w.looked_at < clock_timestamp() - interval '1 minute', true)
                    AND EXISTS (SELECT FROM batched_background_migrations WHERE status IN (1, 4)) AS look,
                w.gone IS DISTINCT FROM ?
                    AND coalesce(w.lease_until <= clock_timestamp(), true)
                    AND coalesce(w.rests_until <= clock_timestamp(), true)
                    AND EXISTS (
                        SELECT FROM batched_background_migration_messages WHERE %s
                    ) AS send
            FROM batched_background_migration_webhook w
            """.formatted(MessageQueries.IS_DUE);

    private static final String BEGIN_LOOK = """
            UPDATE batched_background_migration_webhook
            SET looked_at = clock_timestamp()
            WHERE coalesce(looked_at < clock_timestamp() - interval '1 minute', true)
            """;

    // Each replica hears of a change at the same moment, and only one need take the lease, so none waits for another.
    private static final String LEASE = """
            UPDATE batched_background_migration_webhook
            SET sender = ?,
                lease_token = nextval('batched_background_migration_lease_tokens'),
                lease_until = clock_timestamp() + interval '30 seconds'
            WHERE only_row = (
                SELECT w.only_row
                FROM batched_background_migration_webhook w
                WHERE w.gone IS DISTINCT FROM ?
                    AND coalesce(w.lease_until <= clock_timestamp(), true)
                    AND coalesce(w.rests_until <= clock_timestamp(), true)
                    AND EXISTS (
                        SELECT FROM batched_background_migration_messages WHERE %s
                    )
                FOR NO KEY UPDATE SKIP LOCKED
            )
            RETURNING lease_token
            """.formatted(MessageQueries.IS_DUE);

    private static final String RELEASE = """
            UPDATE batched_background_migration_webhook
            SET lease_token = NULL,
                lease_until = NULL
            WHERE lease_token = ?
            """;

    private static final String SUCCEEDED = """
            UPDATE batched_background_migration_webhook
            SET lease_token = NULL,
                lease_until = NULL,
                failures = 0,
                rests_until = NULL
            WHERE lease_token = ?
            """;

    // 5 s, 10 s, 20 s, 40 s, and then a minute: whoever is away costs one try a minute, however many messages wait.
    private static final String FAILED = """
            UPDATE batched_background_migration_webhook
            SET lease_token = NULL,
                lease_until = NULL,
                failures = failures + 1,
                rests_until = clock_timestamp()
                    + greatest(least(60, 5 * 2 ^ least(failures, 5)), ?) * interval '1 second'
            WHERE lease_token = ?
            """;

    private static final String GONE = """
            UPDATE batched_background_migration_webhook
            SET lease_token = NULL,
                lease_until = NULL,
                failures = 0,
                rests_until = NULL,
                gone = ?,
                listens_until = clock_timestamp()
            WHERE lease_token = ?
            """;

    private static final String RECORD = """
            INSERT INTO batched_background_migration_events (event, reason)
            VALUES (?, ?)
            """;

    private WebhookQueries() {}

    /** What has to be done now. */
    record Due(boolean renew, boolean look, boolean send) {}

    static long listen(Connection tx, Subscriber subscriber) throws SQLException {
        Object[] events =
                subscriber.events().stream().map(MessageEvent::word).sorted().toArray();
        return Jdbc.update(tx, LISTEN, tx.createArrayOf("text", events), subscriber.endpoint());
    }

    static long renew(Connection tx, Subscriber subscriber) throws SQLException {
        return Jdbc.update(tx, RENEW, subscriber.endpoint());
    }

    static Optional<Due> due(Connection connection, String endpoint) throws SQLException {
        return Jdbc.first(
                connection,
                DUE,
                row -> new Due(row.getBoolean("renew"), row.getBoolean("look"), row.getBoolean("send")),
                endpoint,
                endpoint,
                endpoint);
    }

    /** Returns whether it is this replica that looks now. */
    static boolean beginLook(Connection tx) throws SQLException {
        return Jdbc.update(tx, BEGIN_LOOK) > 0;
    }

    /** Takes the right to send; empty if another replica has it, or if there is nothing to send. */
    static Optional<Long> lease(Connection tx, Subscriber subscriber) throws SQLException {
        return Jdbc.first(tx, LEASE, row -> row.getLong("lease_token"), subscriber.replica(), subscriber.endpoint());
    }

    static boolean release(Connection tx, long token) throws SQLException {
        return Jdbc.update(tx, RELEASE, token) > 0;
    }

    static boolean succeeded(Connection tx, long token) throws SQLException {
        return Jdbc.update(tx, SUCCEEDED, token) > 0;
    }

    static boolean failed(Connection tx, long token, Duration asked) throws SQLException {
        return Jdbc.update(tx, FAILED, asked.toSeconds(), token) > 0;
    }

    static boolean gone(Connection tx, long token, String endpoint) throws SQLException {
        return Jdbc.update(tx, GONE, endpoint, token) > 0;
    }

    /** Records something about no migration alone. */
    static void record(Connection tx, String event, String reason) throws SQLException {
        Jdbc.update(tx, RECORD, event, reason);
    }
}
