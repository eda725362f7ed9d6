package org.registrybbm.migrations.budget;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/** The statements on {@code batched_background_migration_budgets} with which people read and change budgets. */
public final class BudgetStatements {
    private static final long NO_LIMIT = -1;

    // The engine also keeps rows without any limit there, to control the rate. People need not see those.
    private static final String LIST = """
            SELECT scope, subject, batch_jobs, rows_per_second, migrations
            FROM batched_background_migration_budgets
            WHERE subject = '*'
                OR num_nonnulls(batch_jobs, rows_per_second, migrations) > 0
            ORDER BY array_position(ARRAY['fleet', 'migration', 'table'], scope), subject <> '*', subject
            """;

    private static final String SET = """
            INSERT INTO batched_background_migration_budgets AS b
                (scope, subject, batch_jobs, rows_per_second, migrations, updated_at)
            VALUES (?, ?, ?, ?, ?, now())
            ON CONFLICT (scope, subject) DO UPDATE
            SET batch_jobs = CASE WHEN ? THEN excluded.batch_jobs ELSE b.batch_jobs END,
                rows_per_second = CASE WHEN ? THEN excluded.rows_per_second ELSE b.rows_per_second END,
                migrations = CASE WHEN ? THEN excluded.migrations ELSE b.migrations END,
                updated_at = now()
            RETURNING scope, subject, batch_jobs, rows_per_second, migrations
            """;

    private static final String CLEAR = """
            DELETE FROM batched_background_migration_budgets
            WHERE scope = ?
                AND subject = ?
            """;

    private static final String ROOT = """
            SELECT %s AS root
            FROM pg_namespace n
            JOIN pg_class c ON c.relnamespace = n.oid
            JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
            JOIN pg_namespace rn ON rn.oid = r.relnamespace
            WHERE n.nspname = ?
                AND c.relname = ?
                AND c.relkind IN ('r', 'p')
            """.formatted(SqlIdentifiers.quotedInSql("rn.nspname", "r.relname"));

    private BudgetStatements() {}

    public static List<Budget> list(Connection connection) throws SQLException {
        return Jdbc.list(connection, LIST, BudgetStatements::budget);
    }

    /** Changes a budget, or creates it when there is none, and returns it. */
    public static Budget set(Connection connection, Subject subject, Budget.Change change) throws SQLException {
        return Jdbc.one(
                connection,
                SET,
                BudgetStatements::budget,
                subject.scope().word(),
                subject.name(),
                stored(change.batchJobs()),
                stored(change.rowsPerSecond()),
                stored(change.migrations()),
                change.batchJobs() != null,
                change.rowsPerSecond() != null,
                change.migrations() != null);
    }

    public static boolean clear(Connection connection, Subject subject) throws SQLException {
        return Jdbc.update(connection, CLEAR, subject.scope().word(), subject.name()) == 1;
    }

    /** Returns the name that budgets use for a table, which for a partition is its root; empty when there is no such table. */
    public static Optional<String> root(Connection connection, String table) throws SQLException {
        List<String> parts = SqlIdentifiers.parse(table);
        return parts.size() == 2
                ? Jdbc.first(connection, ROOT, row -> row.getString("root"), parts.get(0), parts.get(1))
                : Optional.empty();
    }

    private static Budget budget(ResultSet row) throws SQLException {
        Subject subject =
                new Subject(Scope.valueOf(row.getString("scope").toUpperCase(Locale.ROOT)), row.getString("subject"));
        return new Budget(
                subject,
                limit(subject, ResultSets.nullable(row, "batch_jobs")),
                subject.scope() == Scope.TABLE
                        ? Limit.DEFAULT
                        : limit(subject, ResultSets.nullable(row, "rows_per_second")),
                subject.scope() == Scope.TABLE
                        ? limit(subject, ResultSets.nullable(row, "migrations"))
                        : Limit.DEFAULT);
    }

    private static Limit limit(Subject subject, @Nullable Long value) {
        if (value == null) {
            return subject.isDefault() ? Limit.UNLIMITED : Limit.DEFAULT;
        }
        return value == NO_LIMIT ? Limit.UNLIMITED : Limit.of(value);
    }

    // Null stands for "unchanged" and for "default". The CASE in SET tells them apart.
    private static @Nullable Long stored(@Nullable Limit limit) {
        if (limit instanceof Limit.AtMost atMost) {
            return atMost.number();
        }
        return limit instanceof Limit.Unlimited ? NO_LIMIT : null;
    }
}
