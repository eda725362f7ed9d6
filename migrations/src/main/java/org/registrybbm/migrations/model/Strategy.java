package org.registrybbm.migrations.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The batching strategies: how a migration's table is cut into batches. The column {@code batching_strategy} holds the name of one. */
public enum Strategy {
    /** Ranges of a key, in the order of the key. */
    KEYS(null),
    /** Rows in which a column is NULL, until there are none left. */
    NULLS("NullKeySetBatchingStrategy"),
    /** Rows that the work function calls pending, until there are none left. */
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

    /** Returns the strategy for a value of {@code batching_strategy}; empty when this version does not know it. */
    public static Optional<Strategy> of(@Nullable String stored) {
        return Arrays.stream(values())
                .filter(each -> stored == null ? each.stored == null : stored.equals(each.stored))
                .findFirst();
    }

    /** Returns all values that {@code batching_strategy} may hold besides NULL. */
    public static List<String> names() {
        return Arrays.stream(values())
                .map(Strategy::stored)
                .filter(Objects::nonNull)
                .toList();
    }

    /** Returns the name that people read. */
    @Override
    public String toString() {
        return stored == null ? "ranges of a key" : stored;
    }
}
