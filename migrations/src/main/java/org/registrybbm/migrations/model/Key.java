package org.registrybbm.migrations.model;

import java.util.List;

/**
 * A place in the order of a table's rows: one value for each column of the migration's key.
 *
 * @param values the values as text, in the form that PostgreSQL gives them; at least one
 */
public record Key(List<String> values) {
    /** Copies the values. */
    public Key {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException("a key has at least one value");
        }
    }

    /** Returns a key that is a single number. */
    public static Key of(long value) {
        return new Key(List.of(Long.toString(value)));
    }

    /**
     * Returns the number of a key that is a single number.
     *
     * @throws NumberFormatException when it is not a number
     */
    public long number() {
        return Long.parseLong(values.get(0));
    }

    /** Returns the value, such as {@code 5}, or several values in parentheses, such as {@code (5, abc)}. */
    @Override
    public String toString() {
        return values.size() == 1 ? values.get(0) : "(" + String.join(", ", values) + ")";
    }
}
