package org.registrybbm.migrations.internal;

import java.util.Optional;
import org.registrybbm.migrations.Batch;
import org.registrybbm.migrations.BatchedMigration;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;

/**
 * One table of a migration as a walk sees it.
 *
 * @param target the table and its key
 * @param kind what is done there
 * @param pass which pass it is, from 1
 * @param pendingRows which rows are not done, as the strategy or the work function says, or empty when neither does
 * @param spared true for rows that are not quarantined
 */
record WalkedTable(
        BatchedMigration migration,
        Target target,
        Walk.Kind kind,
        int pass,
        Optional<String> pendingRows,
        Spared spared) {

    /** Returns a batch of the rows of a condition that are not done. */
    Batch pendingOf(String condition) {
        String rows = condition + " AND (" + pending() + ")";
        String found = "ctid = ANY (ARRAY(SELECT ctid FROM " + target.table() + " WHERE " + rows + "))";
        return new Batch(qualifier -> qualifier.isEmpty() ? rows : qualifier + found + " AND " + pending(qualifier));
    }

    /**
     * Returns which rows are not done.
     *
     * @throws InvalidDefinitionException when the work function does not say
     */
    String pending() {
        return pendingRows.orElseThrow(() -> new InvalidDefinitionException(
                FailureCode.PENDING_UNKNOWN,
                "the batching strategy " + migration.strategy() + " needs to know which rows are not done yet, but the"
                        + " work function '" + migration.signature()
                        + "' does not say so; override its method pending, or use another strategy"));
    }

    /**
     * Returns the same for a statement that gives the table an alias, which the work function's expression cannot have. It is looked up
     * as the statement sees the table: a row that another one changed meanwhile is not found, and so not changed twice.
     */
    String pending(String qualifier) {
        if (qualifier.isEmpty()) {
            return "(" + pending() + ")";
        }
        return """
                (
                    SELECT true
                    FROM %1$s AS registry_bbm_row
                    WHERE registry_bbm_row.tableoid = %2$stableoid
                        AND registry_bbm_row.ctid = %2$sctid
                        AND (%3$s)
                )
                """.formatted(target.table(), qualifier, pending()).strip();
    }
}
