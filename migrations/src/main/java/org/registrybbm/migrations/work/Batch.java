package org.registrybbm.migrations.work;

import java.util.function.UnaryOperator;

/**
 * The rows that one call of a work function has to change: a range of keys, a range of blocks, or a few single rows. The batch gives them
 * as a condition for the WHERE clause of any statement. A work function uses it in the same way for every kind of key and every batching
 * strategy.
 */
public final class Batch {
    private final UnaryOperator<String> predicate;

    /**
     * Creates a batch.
     *
     * @param predicate returns the condition for a qualifier, which is {@code "t."} or the like, or empty; it must put the qualifier before
     *     each column name
     */
    public Batch(UnaryOperator<String> predicate) {
        this.predicate = predicate;
    }

    /**
     * Returns a boolean expression that is true for the rows of the batch and for no others. It can follow {@code WHERE} or {@code AND}.
     * Its values are literals, so it has no parameters.
     */
    public String predicate() {
        return "(" + predicate.apply("") + ")";
    }

    /**
     * Returns the same expression for a statement that names several tables.
     *
     * @param alias the table's alias, as it is written in the statement
     */
    public String predicate(String alias) {
        return "(" + predicate.apply(alias + ".") + ")";
    }

    /**
     * Returns a batch of those rows for which a further condition is true.
     *
     * @param condition returns the further condition for a qualifier, as the constructor's parameter does
     */
    public Batch and(UnaryOperator<String> condition) {
        return new Batch(qualifier -> "(" + predicate.apply(qualifier) + ") AND (" + condition.apply(qualifier) + ")");
    }

    @Override
    public String toString() {
        return predicate();
    }
}
