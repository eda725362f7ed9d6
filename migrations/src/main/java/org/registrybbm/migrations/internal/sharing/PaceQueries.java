package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/**
 * The pace that limits of rows per second demand, kept in {@code paced_until} by the database's clock. Each statement is a transaction of
 * its own, so a worker that freezes never holds the row of a budget.
 */
public final class PaceQueries {
    private static final String LOOK =
            """
            SELECT m.status IN (1, 4) AS runnable, limits.fleet_rate, limits.migration_rate,
                extract(epoch FROM fleet.paced_until - clock_timestamp()) AS fleet_wait,
                extract(epoch FROM own.paced_until - clock_timestamp()) AS migration_wait,
                fleet.paced_rate AS fleet_paced_rate, own.paced_rate AS migration_paced_rate,
            """ + BudgetQueries.MAYBE_SURPLUS + """
            FROM batched_background_migration_jobs j
            JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
            """ + BudgetQueries.LIMITS + BudgetQueries.OLDER + """
            LEFT JOIN batched_background_migration_budgets fleet ON fleet.scope = 'fleet'
            LEFT JOIN batched_background_migration_budgets own ON own.scope = 'migration' AND own.subject = m.name
            WHERE j.id = ?
                AND j.lease_token = ?
                AND j.status = 1
            """;

    // The guard is evaluated before the row is locked, and its settings last as long as this statement. Losing the
    // newest payments in a crash of the server costs nothing, and waiting for the disk would slow down every other
    // worker.
    private static final String GUARD = """
            WITH guard AS MATERIALIZED (
                SELECT set_config('lock_timeout', '500ms', true), set_config('synchronous_commit', 'off', true)
            )
            """;

    // What is still owed at another rate counts for at most one second. Otherwise a debt at one row a second would
    // outlive the change of the rate.
    private static final String PAY = GUARD + """
            INSERT INTO batched_background_migration_budgets AS b (scope, subject, paced_until, paced_rate)
            SELECT paid.scope, paid.subject,
                clock_timestamp() - make_interval(secs => ?) + make_interval(secs => ?::float8 / paid.rate), paid.rate
            FROM guard
            CROSS JOIN (VALUES ('fleet', '*', ?::bigint), ('migration', ?::text, ?::bigint)) AS paid (scope, subject, rate)
            WHERE paid.rate IS NOT NULL
            ORDER BY paid.scope
            ON CONFLICT (scope, subject) DO UPDATE
            SET paced_until = greatest(
                    clock_timestamp() - make_interval(secs => ?),
                    CASE
                        WHEN b.paced_rate = excluded.paced_rate THEN b.paced_until
                        WHEN b.paced_until IS NOT NULL THEN least(b.paced_until, clock_timestamp() + interval '1 second')
                    END
                ) + make_interval(secs => ?::float8 / excluded.paced_rate),
                paced_rate = excluded.paced_rate
            """;

    private static final String FORGIVE = GUARD + """
            UPDATE batched_background_migration_budgets b
            SET paced_until = least(b.paced_until, clock_timestamp() + interval '1 second'),
                paced_rate = ?
            FROM guard
            WHERE b.scope = ?
                AND b.subject = ?
                AND b.paced_rate <> ?
            """;

    private PaceQueries() {}

    /**
     * How far a batch job is behind or ahead of its pace.
     *
     * @param runnable whether its migration is active or running
     * @param fleet the pace of all migrations together, null if it has no limit
     * @param migration the pace of its migration, null if it has no limit
     */
    public record Look(
            boolean runnable,
            boolean maybeSurplus,
            RowRate rate,
            @Nullable Pace fleet,
            @Nullable Pace migration) {
        public Duration waiting() {
            Duration all = fleet == null ? Duration.ZERO : fleet.waiting();
            Duration own = migration == null ? Duration.ZERO : migration.waiting();
            return all.compareTo(own) > 0 ? all : own;
        }
    }

    /**
     * One pace.
     *
     * @param rate the rows per second now
     * @param reckoned the rows per second at which the debt was computed, or null if nothing was ever paid
     * @param waiting how long until a sub-batch may start; zero or less if it may start now
     */
    public record Pace(long rate, @Nullable Long reckoned, Duration waiting) {
        public boolean isOfAnotherRate() {
            return waiting.toMillis() > 0 && reckoned != null && reckoned != rate;
        }
    }

    /** Reads how a batch job stands with its pace; empty if the lease is lost. */
    public static Optional<Look> look(Connection connection, long jobId, long token) throws SQLException {
        return Jdbc.first(connection, LOOK, PaceQueries::look, jobId, token);
    }

    private static Look look(ResultSet row) throws SQLException {
        RowRate rate = RowRate.of(row);
        return new Look(
                row.getBoolean("runnable"),
                row.getBoolean("maybe_surplus"),
                rate,
                pace(row, rate.fleet(), "fleet"),
                pace(row, rate.migration(), "migration"));
    }

    private static @Nullable Pace pace(ResultSet row, @Nullable Long rate, String scope) throws SQLException {
        return rate == null
                ? null
                : new Pace(
                        rate,
                        ResultSets.nullable(row, scope + "_paced_rate"),
                        Duration.ofNanos(Math.round(row.getDouble(scope + "_wait") * 1_000_000_000)));
    }

    /**
     * Pays for rows.
     *
     * @param rate the rows per second when the rows were covered
     * @param since how long ago their sub-batch began
     */
    public static void pay(Connection connection, String migration, RowRate rate, long rows, Duration since)
            throws SQLException {
        double seconds = since.toNanos() / 1_000_000_000.0;
        Jdbc.update(connection, PAY, seconds, rows, rate.fleet(), migration, rate.migration(), seconds, rows);
    }

    /** Lowers a debt that was computed at another rate. */
    public static void forgive(Connection connection, String scope, String subject, long rate) throws SQLException {
        Jdbc.update(connection, FORGIVE, rate, scope, subject, rate);
    }
}
