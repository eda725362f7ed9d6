package org.registrybbm.migrations;

import java.sql.SQLException;

/**
 * The code that changes the rows of one sub-batch, found by the {@code job_signature_name} of the batched migration.
 *
 * <p>It runs inside a transaction that also moves the batch job's cursor, so it need not be idempotent: either both are
 * committed or neither. It changes rows of its {@link WorkContext#batch} only, through {@link WorkContext#connection} only, and
 * leaves the transaction open. It is called by several threads at once.
 */
@FunctionalInterface
public interface WorkFunction {
    /**
     * Changes the rows of one sub-batch.
     *
     * @param context what to change and through which connection
     * @return how many rows were really changed, at least 0
     * @throws SQLException when a statement fails; the sub-batch is rolled back
     */
    long migrate(WorkContext context) throws SQLException;

    /**
     * Checks the definition before the first batch: arguments, further columns, sequences. The default accepts everything.
     *
     * @param context the migration's table, column and arguments; the batch is a sample, of no rows that matter
     * @throws InvalidDefinitionException when the migration cannot run as it is defined
     * @throws SQLException when the check itself fails
     */
    default void check(WorkContext context) throws SQLException {}
}
