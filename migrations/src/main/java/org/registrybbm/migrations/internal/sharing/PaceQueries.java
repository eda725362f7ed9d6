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
 * The pace that rows per second demand, kept in {@code paced_until} by the database's clock. Each statement is a transaction of its own,
 * so that a worker that freezes never holds a budget's row.
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

    // The guard is evaluated before the row is locked; its settings last as long as this statement. Losing the newest
    // payments in a crash of the server costs nothing, and waiting for the disk would slow down every other worker.
    private static final String GUARD = """
            WITH guard AS MATERIALIZED (
                SELECT set_config('lock_timeout', '500ms', true), set_config('synchronous_commit', 'off', true)
            )
            """;

    // What was owed at another rate is worth a second at most: a debt of one row a second must not outlive the change.
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
     * How a batch job stands with its pace.
     *
     * @param runnable whether its migration is active or running
     * @param fleet the pace of all migrations together, null when it has no limit
     * @param migration the pace of its migration, null when it has no limit
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
     * @param rate rows per second now
     * @param reckoned the rows per second that what is owed was reckoned with, or null when nothing was ever paid
     * @param waiting until a sub-batch may start; zero or less when it may
     */
    public record Pace(long rate, @Nullable Long reckoned, Duration waiting) {
        public boolean isOfAnotherRate() {
            return waiting.toMillis() > 0 && reckoned != null && reckoned != rate;
        }
    }

    /** Looks; empty when the lease is lost. */
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
     * @param rate rows per second when they were covered
     * @param since how long ago their sub-batch began
     */
    public static void pay(Connection connection, String migration, RowRate rate, long rows, Duration since)
            throws SQLException {
        double seconds = since.toNanos() / 1_000_000_000.0;
        Jdbc.update(connection, PAY, seconds, rows, rate.fleet(), migration, rate.migration(), seconds, rows);
    }

    /** Lowers what is owed at another rate. */
    public static void forgive(Connection connection, String scope, String subject, long rate) throws SQLException {
        Jdbc.update(connection, FORGIVE, rate, scope, subject, rate);
    }
}
