package org.registrybbm.migrations.work;

import java.sql.SQLException;
import java.util.Optional;
import org.registrybbm.migrations.failure.InvalidDefinitionException;

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
     * Says which rows are not done yet, as a boolean SQL expression over the columns of {@link WorkContext#table}, never NULL for a row
     * that is not done. It must be false for a row once {@link #migrate} has changed it. With it the engine verifies, after the last
     * batch, that nothing is left, and it can find rows without a key. It has no parameters, so no question mark either: write
     * {@code jsonb_exists} for that operator of jsonb. The default cannot say.
     *
     * @param context the table, its columns and the arguments; the batch is a sample, of no rows that matter
     * @return such as {@code email <> lower(email)}, or empty
     * @throws SQLException when the catalogue cannot be asked
     */
    default Optional<String> pending(WorkContext context) throws SQLException {
        return Optional.empty();
    }

    /**
     * Checks the definition before the first batch: arguments, further columns, sequences. The default accepts everything.
     *
     * @param context the migration's table, column and arguments; the batch is a sample, of no rows that matter
     * @throws InvalidDefinitionException when the migration cannot run as it is defined
     * @throws SQLException when the check itself fails
     */
    default void check(WorkContext context) throws SQLException {}

    /**
     * Makes the work of one UPDATE.
     *
     * @param assignments what stands behind {@code SET}, such as {@code email = lower(email)}
     */
    static WorkFunction update(String assignments) {
        return context -> context.update(assignments);
    }

    /**
     * Returns the same work, which also says which rows are not done yet: for work that is written as a method or lambda.
     *
     * @param expression as {@link #pending} returns it, such as {@code email <> lower(email)}
     */
    default WorkFunction withPending(String expression) {
        WorkFunction work = this;
        return new WorkFunction() {
            @Override
            public long migrate(WorkContext context) throws SQLException {
                return work.migrate(context);
            }

            @Override
            public Optional<String> pending(WorkContext context) {
                return Optional.of(expression);
            }

            @Override
            public void check(WorkContext context) throws SQLException {
                work.check(context);
            }
        };
    }
}
