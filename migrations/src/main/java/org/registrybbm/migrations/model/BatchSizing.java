package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * How many rows the batches and sub-batches of a migration may have. May be changed at any time.
 *
 * @param first rows of the first batch, at least 1; later ones adapt to the batch target
 * @param fixed whether every batch has {@code first} rows instead
 * @param batches bounds of the rows of a batch
 * @param subBatches bounds of the rows of a sub-batch
 */
public record BatchSizing(int first, boolean fixed, Bounds batches, Bounds subBatches) {
    /** 10,000 rows to begin with, and the engine's own bounds. */
    public static final BatchSizing DEFAULT = startingWith(10_000);

    /** Returns sizes that start with so many rows and have the engine's own bounds. */
    public static BatchSizing startingWith(int rows) {
        return new BatchSizing(rows, false, Bounds.NONE, Bounds.NONE);
    }

    /**
     * How many rows a batch or sub-batch may have.
     *
     * @param least at least 1, or null for 1
     * @param most or null for the engine's own bound; the same as {@code least} makes the size a fixed one
     */
    public record Bounds(@Nullable Integer least, @Nullable Integer most) {
        /** No bounds of its own. */
        public static final Bounds NONE = new Bounds(null, null);

        /** Returns the size within the bounds that is nearest to another one. */
        public long clamp(long size) {
            long atMost = most == null ? size : Math.min(size, most);
            return Math.max(atMost, least == null ? 1 : least);
        }
    }
}
