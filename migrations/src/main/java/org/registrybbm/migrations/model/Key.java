package org.registrybbm.migrations.model;

import java.util.List;

/**
 * A place in the order of a table's rows: one value for each column of the migration's key.
 *
 * @param values as PostgreSQL writes them as text, at least one
 */
public record Key(List<String> values) {
    /** Copies the values. */
    public Key {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException("a key has at least one value");
        }
    }

    /** Returns the key of a single number. */
    public static Key of(long value) {
        return new Key(List.of(Long.toString(value)));
    }

    /**
     * Returns the number of a key that is a single one.
     *
     * @throws NumberFormatException when it is none
     */
    public long number() {
        return Long.parseLong(values.get(0));
    }

    /** Returns {@code 5}, or {@code (5, abc)} for several values. */
    @Override
    public String toString() {
        return values.size() == 1 ? values.get(0) : "(" + String.join(", ", values) + ")";
    }
}
