package org.registrybbm.migrations.work;

import java.util.function.UnaryOperator;

/**
 * The rows that one call of a work function has to change, as a condition that any statement can take: a range of keys, of blocks, or a
 * handful of rows. It is the same for every kind of key and strategy, so a work function is written once.
 */
public final class Batch {
    private final UnaryOperator<String> predicate;

    /**
     * Makes a batch.
     *
     * @param predicate gives the condition; each name of a column in it comes after the qualifier, such as {@code "t."} or the empty text
     */
    public Batch(UnaryOperator<String> predicate) {
        this.predicate = predicate;
    }

    /**
     * Returns a boolean expression that is true for its rows and no others, to stand behind {@code WHERE} or {@code AND}. Its values are
     * literals; it has no parameters.
     */
    public String predicate() {
        return "(" + predicate.apply("") + ")";
    }

    /**
     * Returns the same expression where several tables are named.
     *
     * @param alias the table's alias in the statement, as it is written there
     */
    public String predicate(String alias) {
        return "(" + predicate.apply(alias + ".") + ")";
    }

    /**
     * Returns those of its rows for which a further condition holds.
     *
     * @param condition gives it, as the constructor's parameter gives the batch's own
     */
    public Batch and(UnaryOperator<String> condition) {
        return new Batch(qualifier -> "(" + predicate.apply(qualifier) + ") AND (" + condition.apply(qualifier) + ")");
    }

    @Override
    public String toString() {
        return predicate();
    }
}
