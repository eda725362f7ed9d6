package org.registrybbm.migrations.model;

/**
 * The first and the last key that a migration covers. Only migrations by ranges of one integer have bounds.
 *
 * @param first the first key, inclusive: {@code min_value}
 * @param last the last key, inclusive: {@code max_value}; {@link Long#MAX_VALUE} leaves out no key
 */
public record KeyBounds(long first, long last) {
    /** Every key. */
    public static final KeyBounds ALL = new KeyBounds(Long.MIN_VALUE, Long.MAX_VALUE);

    /** The values that the columns hold if the batching strategy has no bounds. */
    public static final KeyBounds NONE = new KeyBounds(0, 0);

    /** Returns whether these are {@link #ALL}, so that no key is left out. */
    public boolean areAll() {
        return equals(ALL);
    }
}
