package org.registrybbm.migrations.budget;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Scope;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.KnownMigrations;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.StatusChange.Decider;

/**
 * Lists, changes and removes budgets. They are kept in the database and hold for all replicas together. A change takes effect within 2 s,
 * whether it is made here or by plain SQL. Thread-safe.
 *
 * <p>Every method throws {@link SchemaNotMigratedException} when the tables are missing, and {@link DatabaseException} when the database
 * cannot be reached or a statement fails.
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
     * @return the fleet's budget, then those of migrations, then those of tables; the default of each scope comes first
     */
    public List<Budget> list() {
        return database.read("list the budgets", List.of(), BudgetStatements::list);
    }

    /**
     * Changes a budget, or creates it when there is none.
     *
     * @param subject what the budget is for
     * @param change what is to be changed
     * @return the budget as it is now; for a partition, the budget of its root
     * @throws UnknownMigrationException when there is no migration of that name; nothing was changed
     * @throws IllegalArgumentException when the table does not exist, when a value is out of its range, or when a budget of this scope does
     *     not have the limit; nothing was changed
     */
    public Budget set(Subject subject, Change change) {
        return set(subject, change, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param subject what the budget is for
     * @param change what is to be changed
     * @param decider who decided it
     * @return the budget as it is now; for a partition, the budget of its root
     */
    public Budget set(Subject subject, Change change, Decider decider) {
        check(subject, change);
        return database.change("change the budget of the " + subject, List.of(), tx -> {
            List<Budget> before = BudgetStatements.list(tx);
            Budget now = BudgetStatements.set(tx, known(tx, subject), change);
            if (!before.contains(now)) {
                record(tx, now.subject(), "set to " + now.limits(), decider);
            }
            return now;
        });
    }

    /**
     * Returns what {@link #set} would make of a budget, and changes nothing.
     *
     * @param subject what the budget is for
     * @param change what is to be changed
     * @return the budget as it would be; for a partition, the budget of its root
     * @throws UnknownMigrationException when there is no migration of that name
     * @throws IllegalArgumentException when the change would be refused
     */
    public Budget preview(Subject subject, Change change) {
        check(subject, change);
        return database.read("look for a budget", List.of(), connection -> {
            Subject known = known(connection, subject);
            return find(connection, known)
                    .orElseGet(() -> Budget.initial(known))
                    .with(change);
        });
    }

    /**
     * Returns whether {@link #clear} would remove a budget, and changes nothing.
     *
     * @param subject what the budget is for
     * @throws IllegalArgumentException when it is a default, which can be changed but not removed
     */
    public boolean previewClear(Subject subject) {
        requireNoDefault(subject);
        return database.read(
                "look for a budget",
                List.of(),
                connection -> find(connection, stored(connection, subject)).isPresent());
    }

    private static Optional<Budget> find(Connection connection, Subject subject) throws SQLException {
        return BudgetStatements.list(connection).stream()
                .filter(one -> one.subject().equals(subject))
                .findFirst();
    }

    private static void check(Subject subject, Change change) {
        check(subject, "batch jobs", change.batchJobs(), 0, MOST_AT_ONCE);
        check(subject, "rows per second", change.rowsPerSecond(), 1, MOST_ROWS_PER_SECOND);
        check(subject, "migrations", change.migrations(), 1, MOST_AT_ONCE);
        if (subject.scope() == Scope.TABLE && change.rowsPerSecond() != null) {
            throw new IllegalArgumentException(
                    "a table's budget cannot limit rows per second; nothing was changed; limit them for a migration or the"
                            + " fleet");
        }
        if (subject.scope() != Scope.TABLE && change.migrations() != null) {
            throw new IllegalArgumentException("only a table's budget can limit migrations; nothing was changed");
        }
    }

    /**
     * Removes the budget of a migration or table. From then on the default applies to it.
     *
     * @param subject what the budget is for
     * @return whether there was a budget
     * @throws IllegalArgumentException when it is a default, which can be changed but not removed
     */
    public boolean clear(Subject subject) {
        return clear(subject, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param subject what the budget is for
     * @param decider who decided it
     * @return whether there was a budget
     * @throws IllegalArgumentException when it is a default, which can be changed but not removed
     */
    public boolean clear(Subject subject, Decider decider) {
        requireNoDefault(subject);
        return database.change("remove the budget of the " + subject, List.of(), tx -> {
            Subject stored = stored(tx, subject);
            boolean cleared = BudgetStatements.clear(tx, stored);
            if (cleared) {
                record(tx, stored, "removed", decider);
            }
            return cleared;
        });
    }

    private static void requireNoDefault(Subject subject) {
        if (subject.isDefault()) {
            throw new IllegalArgumentException("the budget of the " + subject
                    + " is a default, which cannot be removed; set it to a number or to 'unlimited'");
        }
    }

    private static void record(Connection tx, Subject subject, String what, Decider decider) throws SQLException {
        EventQueries.Event event = new EventQueries.Event(
                "budget", subject + ": " + what + (decider.reason() == null ? "" : "; " + decider.reason()));
        Optional<Long> migration = subject.scope() == Scope.MIGRATION && !subject.isDefault()
                ? MigrationQueries.list(tx, List.of(subject.name())).stream()
                        .map(BatchedMigration::id)
                        .findFirst()
                : Optional.empty();
        if (migration.isPresent()) {
            EventQueries.recordDecision(tx, migration.get(), null, event, decider);
        } else {
            EventQueries.recordDecision(tx, event, decider);
        }
    }

    /** Returns the subject as budgets name it, also of a table that is gone. */
    private static Subject stored(Connection connection, Subject subject) throws SQLException {
        return subject.scope() == Scope.TABLE
                ? Subject.table(
                        BudgetStatements.root(connection, subject.name()).orElse(subject.name()))
                : subject;
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
                        + "' in this database; nothing was changed; write its name like public.users")));
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
