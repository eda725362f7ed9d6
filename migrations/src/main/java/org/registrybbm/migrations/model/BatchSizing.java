package org.registrybbm.migrations.model;

/**
 * How many rows the batches and sub-batches of a migration may have. May be changed at any time.
 *
 * @param first rows of the first batch, at least 1; later ones adapt to the batch target
 * @param fixed whether every batch has {@code first} rows instead
 * @param batches bounds of the rows of a batch
 * @param subBatches bounds of the rows of a sub-batch
 */
public record BatchSizing(int first, boolean fixed, SizeBounds batches, SizeBounds subBatches) {
    /** 10,000 rows to begin with, and the engine's own bounds. */
    public static final BatchSizing DEFAULT = startingWith(10_000);

    /** Returns sizes that start with so many rows and have the engine's own bounds. */
    public static BatchSizing startingWith(int rows) {
        return new BatchSizing(rows, false, SizeBounds.NONE, SizeBounds.NONE);
    }
}
