package org.registrybbm.migrations.internal.sharing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/**
 * Holds all budgets, read by one statement because thousands of migrations look theirs up. A migration's or table's own row takes
 * precedence over the default, column by column. NULL stands for the default and -1 for no limit, as in {@link BudgetQueries#LIMITS}, which
 * answers for a single migration.
 */
public final class BudgetBook {
    private static final String ALL = """
            SELECT scope, subject, batch_jobs, migrations, rows_per_second
            FROM batched_background_migration_budgets
            """;

    private static final String EACH = "*";
    private static final long NONE = -1;

    private final Map<Entry, Values> values = new HashMap<>();

    private record Entry(String scope, String subject) {}

    private record Values(
            @Nullable Long batchJobs,
            @Nullable Long migrations,
            @Nullable Long rowsPerSecond) {
        static final Values DEFAULT = new Values(null, null, null);

        static Values of(ResultSet row) throws SQLException {
            return new Values(
                    ResultSets.nullable(row, "batch_jobs"),
                    ResultSets.nullable(row, "migrations"),
                    ResultSets.nullable(row, "rows_per_second"));
        }
    }

    private BudgetBook() {}

    /** How many batch jobs and migrations may run at once; the greatest number for no limit. */
    public record Limits(int fleetJobs, int migrationJobs, int tableJobs, int tableMigrations) {}

    /** The limits and the rate of one migration. */
    public record Share(Limits limits, RowRate rate) {}

    static BudgetBook read(Connection connection) throws SQLException {
        BudgetBook book = new BudgetBook();
        for (Map.Entry<Entry, Values> one : Jdbc.list(
                connection,
                ALL,
                row -> Map.entry(new Entry(row.getString("scope"), row.getString("subject")), Values.of(row)))) {
            book.values.put(one.getKey(), one.getValue());
        }
        return book;
    }

    /** Returns the limits and the rate of a migration of that name on the table of that root. */
    Share of(String migration, String table) {
        return new Share(
                new Limits(
                        count(find("fleet", EACH, Values::batchJobs)),
                        count(find("migration", migration, Values::batchJobs)),
                        count(find("table", table, Values::batchJobs)),
                        count(find("table", table, Values::migrations))),
                new RowRate(
                        rate(find("fleet", EACH, Values::rowsPerSecond)),
                        rate(find("migration", migration, Values::rowsPerSecond))));
    }

    private @Nullable Long find(String scope, String subject, Function<Values, @Nullable Long> column) {
        Long own = column.apply(values.getOrDefault(new Entry(scope, subject), Values.DEFAULT));
        return own != null ? own : column.apply(values.getOrDefault(new Entry(scope, EACH), Values.DEFAULT));
    }

    private static int count(@Nullable Long limit) {
        return limit == null || limit == NONE ? Integer.MAX_VALUE : Math.toIntExact(limit);
    }

    private static @Nullable Long rate(@Nullable Long limit) {
        return limit == null || limit == NONE ? null : limit;
    }
}
