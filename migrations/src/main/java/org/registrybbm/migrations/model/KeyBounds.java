package org.registrybbm.migrations.model;

/**
 * Which keys a migration covers, where the key is one integer; every other key and strategy has no bounds.
 *
 * @param first the first key, inclusive: {@code min_value}
 * @param last the last key, inclusive: {@code max_value}; {@link Long#MAX_VALUE} for "everything"
 */
public record KeyBounds(long first, long last) {
    /** Every key. */
    public static final KeyBounds ALL = new KeyBounds(Long.MIN_VALUE, Long.MAX_VALUE);

    /** What the columns hold where the strategy has no bounds. */
    public static final KeyBounds NONE = new KeyBounds(0, 0);

    /** Returns whether they leave out no key. */
    public boolean areAll() {
        return equals(ALL);
    }
}
