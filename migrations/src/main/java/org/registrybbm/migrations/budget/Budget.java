package org.registrybbm.migrations.budget;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How much may run at once on all replicas together: a row of {@code batched_background_migration_budgets}.
 *
 * @param subject what it is for
 * @param batchJobs batch jobs that may run at once, 0 to 1000; 0 stops
 * @param rowsPerSecond rows that batch jobs may cover in a second, 1 to 1,000,000,000; {@link Limit#DEFAULT} for a table, which has none
 * @param migrations batched migrations of one table that may run at once, 1 to 1000; {@link Limit#DEFAULT} unless it is for tables
 */
public record Budget(Subject subject, Limit batchJobs, Limit rowsPerSecond, Limit migrations) {
    /** What a budget counts over. */
    public enum Scope {
        /** All batched migrations together. */
        FLEET,
        /** Each batched migration, or one. */
        MIGRATION,
        /** Each table, or one, with its partitions. */
        TABLE;

        /** Returns the word that the table holds. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a budget is for.
     *
     * @param scope what is counted over
     * @param name a migration's name, a table's {@code <schema>.<table>}, or {@code *} for the default of the scope
     */
    public record Subject(Scope scope, String name) {
        /** The name of a scope's default. */
        public static final String EACH = "*";

        /** All batched migrations together. */
        public static final Subject FLEET = new Subject(Scope.FLEET, EACH);

        /** Each batched migration that has no budget of its own. */
        public static final Subject EACH_MIGRATION = new Subject(Scope.MIGRATION, EACH);

        /** Each table that has no budget of its own. */
        public static final Subject EACH_TABLE = new Subject(Scope.TABLE, EACH);

        /** Checks that the fleet has no names. */
        public Subject {
            if (scope == Scope.FLEET && !name.equals(EACH)) {
                throw new IllegalArgumentException("the fleet's budget has no name '" + name + "'");
            }
        }

        /** Returns the subject of one batched migration. */
        public static Subject migration(String name) {
            return new Subject(Scope.MIGRATION, name);
        }

        /**
         * Returns the subject of one table.
         *
         * @param name {@code <schema>.<table>}, quoted as in SQL where it must be; a partition means its root
         */
        public static Subject table(String name) {
            return new Subject(Scope.TABLE, name);
        }

        /** Returns whether it is a default, which holds where there is no budget of a name. */
        public boolean isDefault() {
            return name.equals(EACH);
        }

        @Override
        public String toString() {
            return isDefault() ? scope.word() : scope.word() + " " + name;
        }
    }

    /**
     * What to change; null leaves a value as it is.
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
