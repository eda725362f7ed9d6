package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.JobQueries;

/** Statements of the engine on {@code batched_background_migration_budgets}. People's statements are in {@code BudgetRows}. */
public final class BudgetQueries {
    /**
     * The limits of a migration aliased {@code m}, NULL for no limit. A migration's or table's own row takes precedence over the default,
     * column by column. This is one scan of a table with a handful of rows.
     */
    public static final String LIMITS = """
            CROSS JOIN LATERAL (
                SELECT nullif(max(b.batch_jobs) FILTER (WHERE b.scope = 'fleet'), -1) AS fleet_jobs,
                    nullif(coalesce(
                        max(b.batch_jobs) FILTER (WHERE b.scope = 'migration' AND b.subject = m.name),
                        max(b.batch_jobs) FILTER (WHERE b.scope = 'migration' AND b.subject = '*')
                    ), -1) AS migration_jobs,
                    nullif(coalesce(
                        max(b.batch_jobs) FILTER (WHERE b.scope = 'table' AND b.subject <> '*'),
                        max(b.batch_jobs) FILTER (WHERE b.scope = 'table' AND b.subject = '*')
                    ), -1) AS table_jobs,
                    nullif(coalesce(
                        max(b.migrations) FILTER (WHERE b.scope = 'table' AND b.subject <> '*'),
                        max(b.migrations) FILTER (WHERE b.scope = 'table' AND b.subject = '*')
                    ), -1) AS table_migrations,
                    nullif(max(b.rows_per_second) FILTER (WHERE b.scope = 'fleet'), -1) AS fleet_rate,
                    nullif(coalesce(
                        max(b.rows_per_second) FILTER (WHERE b.scope = 'migration' AND b.subject = m.name),
                        max(b.rows_per_second) FILTER (WHERE b.scope = 'migration' AND b.subject = '*')
                    ), -1) AS migration_rate
                FROM batched_background_migration_budgets b
                WHERE b.scope = 'fleet'
                    OR b.scope = 'migration' AND b.subject IN ('*', m.name)
                    OR b.scope = 'table' AND b.subject IN ('*', coalesce(m.root_table, m.table_name))
            ) limits
            """;

    /**
     * Counts the batch jobs whose leases are older than that of a batch job aliased {@code j} of a migration {@code m}. Leases of dead
     * workers count too, so if these numbers do not use up a budget, the exact ones do not either. This is cheap enough for each sub-batch
     * to ask.
     */
    public static final String OLDER = """
            CROSS JOIN LATERAL (
                SELECT count(*) AS in_all,
                    count(*) FILTER (WHERE om.id = m.id) AS of_migration,
                    count(*) FILTER (WHERE om.root = m_root.root) AS of_table,
                    count(DISTINCT om.id) FILTER (WHERE om.root = m_root.root AND om.id <> m.id) AS migrations
                FROM batched_background_migration_jobs o
                CROSS JOIN LATERAL (
                    SELECT x.id, coalesce(x.root_table, x.table_name) AS root
                    FROM batched_background_migrations x
                    WHERE x.id = o.batched_background_migration_id
                ) om
                CROSS JOIN LATERAL (SELECT coalesce(m.root_table, m.table_name) AS root) m_root
                WHERE o.status = 1
                    AND o.lease_token < j.lease_token
            ) older
            """;

    /** SQL column that tells whether a batch job may exceed a budget, judged by {@link #LIMITS} and {@link #OLDER}. */
    public static final String MAYBE_SURPLUS = """
            coalesce(older.in_all >= limits.fleet_jobs
                OR older.of_migration >= limits.migration_jobs
                OR older.of_table >= limits.table_jobs
                OR older.migrations >= limits.table_migrations, false) AS maybe_surplus
            """;

    // Whoever came first stays: only leases older than the given token count. Among the migrations of one table, the
    // one with the older oldest lease came first.
    private static final String IS_FULL = JobQueries.WITH_HELD + """
            , earlier AS (
                SELECT o.batched_background_migration_id AS migration_id, o.lease_token,
                    coalesce(om.root_table, om.table_name) AS root
                FROM held
                JOIN batched_background_migration_jobs o ON o.id = held.id
                JOIN batched_background_migrations om ON om.id = o.batched_background_migration_id
                WHERE o.id <> ?
                    AND o.lease_token < ?
            )
            SELECT coalesce((SELECT count(*) FROM earlier) >= limits.fleet_jobs
                OR (SELECT count(*) FROM earlier e WHERE e.migration_id = m.id) >= limits.migration_jobs
                OR (
                    SELECT count(*)
                    FROM earlier e
                    WHERE e.root = coalesce(m.root_table, m.table_name)
                ) >= limits.table_jobs
                OR (
                    SELECT count(DISTINCT e.migration_id)
                    FROM earlier e
                    WHERE e.root = coalesce(m.root_table, m.table_name)
                        AND e.migration_id <> m.id
                        AND e.lease_token < coalesce((
                            SELECT min(own.lease_token)
                            FROM earlier own
                            WHERE own.migration_id = m.id
                        ), ?)
                ) >= limits.table_migrations, false) AS is_full
            FROM batched_background_migrations m
            """ + LIMITS + """
            WHERE m.id = ?
            """;

    private static final String RATE = """
            SELECT limits.fleet_rate, limits.migration_rate
            FROM batched_background_migrations m
            """ + LIMITS + """
            WHERE m.id = ?
            """;

    private BudgetQueries() {}

    /** Returns the rows per second of a migration. */
    public static RowRate rate(Connection connection, long migrationId) throws SQLException {
        return Jdbc.first(connection, RATE, RowRate::of, migrationId).orElse(new RowRate(null, null));
    }

    /**
     * Returns whether a budget leaves no room for one more batch job. The answer is exact only while other claims wait for the lock that
     * claims take.
     */
    public static boolean isFull(Connection connection, long migrationId, long jobId) throws SQLException {
        return isFull(connection, migrationId, jobId, Long.MAX_VALUE);
    }

    /** Returns whether leases that are older than a batch job's use up a budget, so that this batch job must be handed back. */
    public static boolean isSurplus(Connection connection, long migrationId, long jobId, long token)
            throws SQLException {
        return isFull(connection, migrationId, jobId, token);
    }

    private static boolean isFull(Connection connection, long migrationId, long jobId, long token) throws SQLException {
        return Jdbc.one(connection, IS_FULL, row -> row.getBoolean("is_full"), jobId, token, token, migrationId);
    }
}
