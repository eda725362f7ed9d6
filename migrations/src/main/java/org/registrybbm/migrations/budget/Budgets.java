package org.registrybbm.migrations.budget;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.KnownMigrations;

/**
 * What operators do with budgets, which hold for all replicas together and are kept in the database. A change, made here or by plain SQL,
 * is obeyed within 2 s. Thread-safe. Every method throws {@link SchemaNotMigratedException} when the tables are missing and
 * {@link DatabaseException} when the database cannot be asked.
 */
public final class Budgets {
    private static final long MOST_AT_ONCE = 1000;
    private static final long MOST_ROWS_PER_SECOND = 1_000_000_000;

    private final Database database;

    public Budgets(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Lists the budgets.
     *
     * @return the fleet's, then the migrations' and the tables', each beginning with the default of its scope
     */
    public List<Budget> list() {
        return database.read("list the budgets", List.of(), BudgetStatements::list);
    }

    /**
     * Changes a budget, or makes it.
     *
     * @param subject what it is for
     * @param change what is to be changed
     * @return the budget as it is now; for a partition that of its root
     * @throws UnknownMigrationException for a name that is no migration's; nothing was changed
     * @throws IllegalArgumentException for a table that does not exist, and for a value out of its range; nothing was changed
     */
    public Budget set(Subject subject, Change change) {
        check(subject, "batch jobs", change.batchJobs(), 0, MOST_AT_ONCE);
        check(subject, "rows per second", change.rowsPerSecond(), 1, MOST_ROWS_PER_SECOND);
        check(subject, "migrations", change.migrations(), 1, MOST_AT_ONCE);
        if (subject.scope() == Scope.TABLE && change.rowsPerSecond() != null) {
            throw new IllegalArgumentException(
                    "a table has no rows per second; nothing was changed; a migration and the fleet have them");
        }
        if (subject.scope() != Scope.TABLE && change.migrations() != null) {
            throw new IllegalArgumentException("only a table's budget says how many migrations; nothing was changed");
        }
        return database.change(
                "change the budget of the " + subject,
                List.of(),
                tx -> BudgetStatements.set(tx, known(tx, subject), change));
    }

    /**
     * Removes the budget of a migration or table, for which the default holds from then on.
     *
     * @param subject what it is for
     * @return whether there was one
     * @throws IllegalArgumentException for a default, which can be changed but not removed
     */
    public boolean clear(Subject subject) {
        if (subject.isDefault()) {
            throw new IllegalArgumentException("the budget of the " + subject
                    + " is a default, which cannot be removed; set it to a number or to 'unlimited'");
        }
        return database.change("remove the budget of the " + subject, List.of(), tx -> {
            Subject stored = subject.scope() == Scope.TABLE
                    ? Subject.table(BudgetStatements.root(tx, subject.name()).orElse(subject.name()))
                    : subject;
            return BudgetStatements.clear(tx, stored);
        });
    }

    private static Subject known(Connection connection, Subject subject) throws SQLException {
        if (subject.isDefault()) {
            return subject;
        }
        if (subject.scope() == Scope.MIGRATION) {
            KnownMigrations.require(connection, List.of(subject.name()));
            return subject;
        }
        return Subject.table(BudgetStatements.root(connection, subject.name())
                .orElseThrow(() -> new IllegalArgumentException("there is no table '" + subject.name()
                        + "' in this database; nothing was changed; write it like public.users")));
    }

    private static void check(Subject subject, String what, @Nullable Limit limit, long min, long max) {
        if (limit instanceof Limit.AtMost atMost && (atMost.number() < min || atMost.number() > max)) {
            throw new IllegalArgumentException(what + " is " + atMost.number() + ", allowed is " + min + " to " + max
                    + (subject.isDefault() ? " or 'unlimited'" : ", 'unlimited' or 'default'")
                    + "; nothing was changed");
        }
        if (limit instanceof Limit.AsDefault && subject.isDefault()) {
            throw new IllegalArgumentException(what + " is 'default', but this is the default itself; allowed is " + min
                    + " to " + max + " or 'unlimited'; nothing was changed");
        }
    }
}
