package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * How many rows the batches and sub-batches of a migration may have. They may be changed at any time.
 *
 * @param first rows of the first batch, at least 1; the sizes of later ones adapt to the target time
 * @param fixed whether all later batches have {@code first} rows too, instead of adapting
 * @param batches the smallest and the greatest number of rows of a batch
 * @param subBatches the smallest and the greatest number of rows of a sub-batch
 */
public record BatchSizing(int first, boolean fixed, Bounds batches, Bounds subBatches) {
    /** Starts with 10,000 rows, and has no bounds but the engine's own. */
    public static final BatchSizing DEFAULT = startingWith(10_000);

    /** Returns sizes that start with a given number of rows and have no bounds but the engine's own. */
    public static BatchSizing startingWith(int rows) {
        return new BatchSizing(rows, false, Bounds.NONE, Bounds.NONE);
    }

    /**
     * The smallest and the greatest number of rows of a batch or sub-batch. If both are the same, the size is fixed.
     *
     * @param least the smallest number, at least 1; null means 1
     * @param most the greatest number; null means the engine's own bound
     */
    public record Bounds(@Nullable Integer least, @Nullable Integer most) {
        /** No bounds but the engine's own. */
        public static final Bounds NONE = new Bounds(null, null);

        /** Returns the size itself if it is within the bounds, else the nearer bound. */
        public long clamp(long size) {
            long atMost = most == null ? size : Math.min(size, most);
            return Math.max(atMost, least == null ? 1 : least);
        }
    }
}
