package org.registrybbm.migrations;

/** The rows that one call of a work function has to change. */
public sealed interface Batch {
    /**
     * Rows whose key lies in a range.
     *
     * @param first first key, inclusive
     * @param last last key, inclusive
     */
    record KeyRange(long first, long last) implements Batch {}

    /**
     * Rows for which the migration's column is NULL, up to a number; the work makes that untrue.
     *
     * @param limit how many rows at most, at least 1
     */
    record PredicateLimit(int limit) implements Batch {}
}
