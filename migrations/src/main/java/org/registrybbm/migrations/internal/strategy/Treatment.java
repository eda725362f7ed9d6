package org.registrybbm.migrations.internal.strategy;

/** What is done to the rows of a table. */
public enum Treatment {
    /** They are changed. */
    CHANGE,
    /** Those that were left are changed, and looked at afterwards: few of them are, and one that stays as it was is quarantined. */
    REVISIT,
    /** They are read, to prove that none is left. */
    PROVE,
    /** Quarantined ones are tried again. */
    RETRY
}
