package org.registrybbm.migrations.work;

import org.registrybbm.migrations.internal.catalog.Needs;

/** A work function that says what it reads and writes, so that a missing privilege is found before the first row is changed. */
interface StatesNeeds {
    /**
     * Returns what it reads and writes besides the key.
     *
     * @param arguments the migration's arguments
     * @param column the migration's column
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when it does not accept the arguments
     */
    Needs needs(Arguments arguments, String column);
}
