package org.registrybbm.migrations.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a migration's table is cut into batches. The name of each one stands in {@code batching_strategy}. */
public enum Strategy {
    /** Ranges of a key, in its order. */
    KEYS(null),
    /** Rows where a column is NULL, until there is none. */
    NULLS("NullKeySetBatchingStrategy"),
    /** Rows that the work function calls pending, until there is none. */
    PREDICATE("PredicateBatchingStrategy"),
    /** Ranges of the table's blocks. */
    BLOCKS("BlockBatchingStrategy");

    private final @Nullable String stored;

    Strategy(@Nullable String stored) {
        this.stored = stored;
    }

    /** Returns what {@code batching_strategy} holds for it, or null for {@link #KEYS}. */
    public @Nullable String stored() {
        return stored;
    }

    /** Finds one by what {@code batching_strategy} holds; empty where this version knows none of that name. */
    public static Optional<Strategy> of(@Nullable String stored) {
        return Arrays.stream(values())
                .filter(each -> stored == null ? each.stored == null : stored.equals(each.stored))
                .findFirst();
    }

    /** Returns all that {@code batching_strategy} may hold besides NULL. */
    public static List<String> names() {
        return Arrays.stream(values())
                .map(Strategy::stored)
                .filter(Objects::nonNull)
                .toList();
    }

    /** Returns the name, for people. */
    @Override
    public String toString() {
        return stored == null ? "ranges of a key" : stored;
    }
}
