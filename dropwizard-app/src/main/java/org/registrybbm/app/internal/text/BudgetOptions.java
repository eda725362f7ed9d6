package org.registrybbm.app.internal.text;

import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.budget.Limit;

/**
 * How people name a budget and what to change of it, in a shell and over HTTP. What is not given is null.
 *
 * @param migration a batched migration's name, or {@code *} for the default
 * @param table a table's {@code <schema>.<table>}, or {@code *} for the default; without one of the two it is the fleet's budget
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
     * Returns what the budget is for.
     *
     * @throws IllegalArgumentException for a migration and a table at once
     */
    public Subject subject() {
        if (migration != null && table != null) {
            throw new IllegalArgumentException(
                    "a budget is a migration's or a table's; nothing was changed; give one of the two");
        }
        if (migration != null) {
            return Subject.migration(migration);
        }
        return table == null ? Subject.FLEET : Subject.table(table);
    }

    /**
     * Returns what to change.
     *
     * @throws IllegalArgumentException when nothing is, and for what is no limit
     */
    public Change change() {
        if (batchJobs == null && rowsPerSecond == null && migrations == null) {
            throw new IllegalArgumentException(
                    "nothing was changed; give batch-jobs, rows-per-second or, of a table, migrations");
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
