package org.registrybbm.app.internal.access;

/** What the owner of a token may do. */
public enum Role {
    /** Look at everything. */
    READ,
    /** Also pause, start, retry, waive, verify, and change priorities and budgets. */
    OPERATE;

    /** Returns the word of the configuration file. */
    public String word() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
