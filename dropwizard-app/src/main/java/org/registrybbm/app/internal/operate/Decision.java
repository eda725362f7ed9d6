package org.registrybbm.app.internal.operate;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.budget.Budget;

/** Something that an operator wants to be done. */
public sealed interface Decision {
    /** Migrations that are active or running stop after their current sub-batches. */
    record Pause(List<String> names) implements Decision {}

    /** Paused migrations go on. */
    record Start(List<String> names) implements Decision {}

    /** Whatever failed is tried again. */
    record Retry(List<String> names) implements Decision {}

    /** Rows that could not be changed stay as they are; all of them if none are named. */
    record Waive(String name, Collection<Long> rows) implements Decision {}

    /** A migration is served before others, or after them. */
    record Prioritize(String name, int priority) implements Decision {}

    /** A budget gets other limits, or is removed if there is no change. */
    record Limit(Budget.Subject subject, Budget.@Nullable Change change) implements Decision {}
}
