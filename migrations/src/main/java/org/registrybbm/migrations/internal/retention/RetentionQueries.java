package org.registrybbm.migrations.internal.retention;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.Contradictions;

/** Statements that find migrations that finished long ago, and delete what need not be kept of them. */
public final class RetentionQueries {
    /** How many samples one statement deletes at most. */
    public static final int SAMPLES_AT_ONCE = 2_000;

    // A migration that was started again and finished again is due again. A budget of 0 for the fleet stops everything.
    private static final String IS_DUE = """
            m.status = 2
                AND m.finished_at < clock_timestamp() - make_interval(secs => ?)
                AND (m.folded_at IS NULL OR m.folded_at < m.finished_at)
                AND NOT EXISTS (
                    SELECT FROM batched_background_migration_budgets WHERE scope = 'fleet' AND batch_jobs = 0
                )
                AND NOT %s
            """.formatted(Contradictions.FOUND);

    private static final String DUE = """
            SELECT m.id, m.name
            FROM batched_background_migrations m
            WHERE %s
                AND m.id <> ALL (?)
                AND NOT EXISTS (
                    SELECT FROM batched_background_migrations other WHERE other.folding_until > clock_timestamp()
                )
            ORDER BY m.id
            LIMIT 1
            """.formatted(IS_DUE);

    // The time is also the token of the replica that has stored it. It is in microseconds, as PostgreSQL keeps it.
    private static final String HOLD = """
            UPDATE batched_background_migrations m
            SET folding_until = clock_timestamp() + interval '30 seconds'
            WHERE m.id = ?
                AND (m.folding_until IS NULL
                    OR m.folding_until < clock_timestamp()
                    OR (extract(epoch FROM m.folding_until) * 1000000)::bigint = ?)
                AND %s
            RETURNING (extract(epoch FROM m.folding_until) * 1000000)::bigint AS token
            """.formatted(IS_DUE);

    private static final String DONE = """
            UPDATE batched_background_migrations
            SET folded_at = clock_timestamp(),
                folding_until = NULL
            WHERE id = ?
            """;

    private static final String DELETE_SAMPLES = """
            DELETE FROM batched_background_migration_samples
            WHERE batched_background_migration_id = ?
                AND slot IN (
                    SELECT slot
                    FROM batched_background_migration_samples
                    WHERE batched_background_migration_id = ?
                    ORDER BY slot
                    LIMIT ?
                )
            """;

    // What people decided, and what was found out about the rows, is kept.
    private static final String DELETE_EVENTS = """
            DELETE FROM batched_background_migration_events
            WHERE batched_background_migration_id = ?
                AND event IN ('batch_size', 'sub_batch_size', 'taken_over', 'proposed')
            """;

    private RetentionQueries() {}

    /** A migration that finished long ago. */
    public record Old(long id, String name) {}

    /**
     * Finds one that finished longer ago than a time.
     *
     * @param without the ids of those not to be found
     * @return empty if there is none, or if another replica is folding batch jobs
     */
    public static Optional<Old> due(Connection connection, Duration age, Collection<Long> without) throws SQLException {
        return Jdbc.first(
                connection,
                DUE,
                row -> new Old(row.getLong("id"), row.getString("name")),
                (double) age.toSeconds(),
                without.toArray(Long[]::new));
    }

    /**
     * Keeps other replicas from folding for 30 s. Until the transaction ends, nobody can change the migration.
     *
     * @param token what the last call returned; null in the first one
     * @return empty if the migration is not due any more, or if another replica is folding its batch jobs
     */
    public static Optional<Long> hold(Connection connection, long id, @Nullable Long token, Duration age)
            throws SQLException {
        return Jdbc.first(connection, HOLD, row -> row.getLong("token"), id, token, (double) age.toSeconds());
    }

    /** Notes that nothing is left to do for a migration. */
    public static void done(Connection connection, long id) throws SQLException {
        Jdbc.update(connection, DONE, id);
    }

    /** Deletes samples of a migration, {@link #SAMPLES_AT_ONCE} at most, and returns how many. */
    public static long deleteSamples(Connection connection, long id) throws SQLException {
        return Jdbc.update(connection, DELETE_SAMPLES, id, id, SAMPLES_AT_ONCE);
    }

    /** Deletes the events of a migration that are of no use after it has finished. There are 1,000 at most. */
    public static void deleteEvents(Connection connection, long id) throws SQLException {
        Jdbc.update(connection, DELETE_EVENTS, id);
    }
}
