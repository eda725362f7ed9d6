package org.registrybbm.app.internal.text;

import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.budget.Limit;

/**
 * Holds how people name a budget and what to change about it, in a shell and over HTTP. What was not given is null.
 *
 * @param migration a batched migration's name, or {@code *} for the default
 * @param table a table as {@code <schema>.<table>}, or {@code *} for the default; without a migration and a table, the fleet's budget is
 *     meant
 * @param batchJobs a number, {@code unlimited} or {@code default}
 * @param rowsPerSecond the same
 * @param migrations the same
 */
public record BudgetOptions(
        @Nullable String migration,
        @Nullable String table,
        @Nullable String batchJobs,
        @Nullable String rowsPerSecond,
        @Nullable String migrations) {

    /**
     * Returns what the budget applies to.
     *
     * @throws IllegalArgumentException if both a migration and a table were given
     */
    public Subject subject() {
        if (migration != null && table != null) {
            throw new IllegalArgumentException(
                    "a migration and a table were both given; nothing was changed; a budget applies to one of them, so give only one");
        }
        if (migration != null) {
            return Subject.migration(migration);
        }
        return table == null ? Subject.FLEET : Subject.table(table);
    }

    /**
     * Returns what to change.
     *
     * @throws IllegalArgumentException if there is nothing to change, and for a text that is not a limit
     */
    public Change change() {
        if (batchJobs == null && rowsPerSecond == null && migrations == null) {
            throw new IllegalArgumentException(
                    "no limit was given; nothing was changed; give batch-jobs, rows-per-second or, for a table, migrations");
        }
        return new Change(
                limit("batch-jobs", batchJobs),
                limit("rows-per-second", rowsPerSecond),
                limit("migrations", migrations));
    }

    private static @Nullable Limit limit(String name, @Nullable String text) {
        try {
            return text == null ? null : Limit.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage() + "; nothing was changed", e);
        }
    }
}
