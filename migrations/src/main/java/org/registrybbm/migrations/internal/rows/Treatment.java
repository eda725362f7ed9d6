package org.registrybbm.migrations.internal.rows;

/** What is done to the rows of a table. */
public enum Treatment {
    /** They are changed. */
    CHANGE,
    /**
     * The rows that were left are changed again and checked afterwards. There are few of them. One that is still pending is quarantined.
     */
    REVISIT,
    /** They are read, to prove that none is left. */
    PROVE,
    /** Quarantined ones are tried again. */
    RETRY
}
