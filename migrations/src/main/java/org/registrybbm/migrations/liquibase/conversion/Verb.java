package org.registrybbm.migrations.liquibase.conversion;

import java.util.Locale;

/** What can be done with a column conversion. The SQL functions know them by their names in lower case. */
enum Verb {
    /** Adds the twins and queues the batched migrations that fill them. */
    ADD,
    /** Takes back a conversion whose columns have not been exchanged. */
    ABANDON,
    /** Proves that the twins are equal, copies all that hangs on the columns, and exchanges columns and twins. */
    FINISH,
    /** The same in the other direction. */
    UNDO,
    /** Drops the twins of a conversion that is finished. */
    DROP;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
