package org.registrybbm.migrations.budget;

import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A limit of how much may run at once on all replicas together: a row of {@code batched_background_migration_budgets}.
 *
 * @param subject what it is for
 * @param batchJobs how many batch jobs may run at once, 0 to 1000; 0 stops all of them
 * @param rowsPerSecond how many rows batch jobs may cover per second, 1 to 1,000,000,000. Budgets for tables cannot limit this, so they
 *     have {@link Limit#DEFAULT} here
 * @param migrations how many batched migrations of one table may run at once, 1 to 1000. Only budgets for tables can limit this; all others
 *     have {@link Limit#DEFAULT} here
 */
public record Budget(Subject subject, Limit batchJobs, Limit rowsPerSecond, Limit migrations) {
    /** What a budget limits. */
    public enum Scope {
        /** All batched migrations together. */
        FLEET,
        /** One batched migration, or each one that has no budget of its own. */
        MIGRATION,
        /** One table together with its partitions, or each table that has no budget of its own. */
        TABLE;

        /** Returns the word that the table holds. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a budget is for.
     *
     * @param scope what it limits
     * @param name the name of a migration, a table as {@code <schema>.<table>}, or {@code *} for the default of the scope
     */
    public record Subject(Scope scope, String name) {
        /** The name of the default of a scope. */
        public static final String EACH = "*";

        /** All batched migrations together. */
        public static final Subject FLEET = new Subject(Scope.FLEET, EACH);

        /** Each batched migration that has no budget of its own. */
        public static final Subject EACH_MIGRATION = new Subject(Scope.MIGRATION, EACH);

        /** Each table that has no budget of its own. */
        public static final Subject EACH_TABLE = new Subject(Scope.TABLE, EACH);

        /** Checks that the fleet has only its default. */
        public Subject {
            if (scope == Scope.FLEET && !name.equals(EACH)) {
                throw new IllegalArgumentException("the fleet's budget is named '*', not '" + name + "'");
            }
        }

        /** Returns the subject of one batched migration. */
        public static Subject migration(String name) {
            return new Subject(Scope.MIGRATION, name);
        }

        /**
         * Returns the subject of one table.
         *
         * @param name {@code <schema>.<table>}, quoted as in SQL if necessary; a partition stands for its root
         */
        public static Subject table(String name) {
            return new Subject(Scope.TABLE, name);
        }

        /** Returns whether it is the default of its scope, which applies to whatever has no budget of its own. */
        public boolean isDefault() {
            return name.equals(EACH);
        }

        @Override
        public String toString() {
            return isDefault() ? scope.word() : scope.word() + " " + name;
        }
    }

    /** The budget of a subject that has none yet. */
    static Budget initial(Subject subject) {
        Limit limit = subject.isDefault() ? Limit.UNLIMITED : Limit.DEFAULT;
        return subject.scope() == Scope.TABLE
                ? new Budget(subject, limit, Limit.DEFAULT, limit)
                : new Budget(subject, limit, limit, Limit.DEFAULT);
    }

    /** Returns this budget after a change. */
    Budget with(Change change) {
        return new Budget(
                subject,
                Objects.requireNonNullElse(change.batchJobs(), batchJobs),
                Objects.requireNonNullElse(change.rowsPerSecond(), rowsPerSecond),
                Objects.requireNonNullElse(change.migrations(), migrations));
    }

    /** Returns the limits for people, such as {@code batch jobs 3, rows per second unlimited}. */
    public String limits() {
        return "batch jobs " + batchJobs
                + (subject.scope() == Scope.TABLE
                        ? ", migrations " + migrations
                        : ", rows per second " + rowsPerSecond);
    }

    /**
     * What to change in a budget. A value that is null stays as it is.
     *
     * @param batchJobs see {@link Budget}
     * @param rowsPerSecond see {@link Budget}
     * @param migrations see {@link Budget}
     */
    public record Change(
            @Nullable Limit batchJobs,
            @Nullable Limit rowsPerSecond,
            @Nullable Limit migrations) {
        /** Returns a change of how many batch jobs may run at once. */
        public static Change batchJobs(Limit limit) {
            return new Change(limit, null, null);
        }

        /** Returns a change of the rows per second. */
        public static Change rowsPerSecond(Limit limit) {
            return new Change(null, limit, null);
        }

        /** Returns a change of how many migrations of a table may run at once. */
        public static Change migrations(Limit limit) {
            return new Change(null, null, limit);
        }
    }
}
