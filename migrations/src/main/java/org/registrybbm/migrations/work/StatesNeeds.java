package org.registrybbm.migrations.work;

import org.registrybbm.migrations.internal.catalog.Needs;

/** Work that says what it reads and writes, so that a right that is missing is found before the first row. */
interface StatesNeeds {
    /**
     * Returns what it needs.
     *
     * @param arguments of the migration
     * @param column the migration's own
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException for arguments that it does not take
     */
    Needs needs(Arguments arguments, String column);
}
