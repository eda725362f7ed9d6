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

    /** Returns a batch of the rows of a condition that cannot be qualified, as an author has written a part of it. */
    Batch batchOf(String condition) {
        String found = "ctid = ANY (ARRAY(SELECT ctid FROM " + target.table() + " WHERE " + condition + "))";
        return new Batch(qualifier -> qualifier.isEmpty() ? condition : qualifier + found);
    }

    /** Returns the rows of a batch that are not done; all of them where nobody says. */
    Batch pendingOf(Batch batch) {
        return pendingRows
                .map(pending -> batchOf(batch.predicate() + " AND (" + pending + ")"))
                .orElse(batch);
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
}
