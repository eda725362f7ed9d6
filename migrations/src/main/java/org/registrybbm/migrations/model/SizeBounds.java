package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * How many rows a batch or sub-batch may have.
 *
 * @param least at least 1, or null for 1
 * @param most or null for the engine's own bound; the same as {@code least} makes the size a fixed one
 */
public record SizeBounds(@Nullable Integer least, @Nullable Integer most) {
    /** No bounds of its own. */
    public static final SizeBounds NONE = new SizeBounds(null, null);

    /** Returns the size within the bounds that is nearest to another one. */
    public long clamp(long size) {
        long atMost = most == null ? size : Math.min(size, most);
        return Math.max(atMost, least == null ? 1 : least);
    }
}
