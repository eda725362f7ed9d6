package org.registrybbm.migrations.work;

import java.sql.SQLException;
import java.util.Optional;
import org.registrybbm.migrations.failure.InvalidDefinitionException;

/**
 * The code that changes the rows of one sub-batch. The {@code job_signature_name} of a batched migration names its work function.
 *
 * <p>It runs inside a transaction that also moves the batch job's cursor. Both are committed together or not at all, so a work function
 * need not be idempotent. It must change only the rows of its {@link WorkContext#batch}, use only {@link WorkContext#connection}, and leave
 * the transaction open. Several threads call it at the same time.
 */
@FunctionalInterface
public interface WorkFunction {
    /**
     * Changes the rows of one sub-batch.
     *
     * @param context what to change and through which connection
     * @return how many rows were really changed, at least 0
     * @throws SQLException when a statement fails; the sub-batch is then rolled back
     */
    long migrate(WorkContext context) throws SQLException;

    /**
     * Says which rows are pending, as a boolean SQL expression over the columns of {@link WorkContext#table}. For a pending row the
     * expression must be true, and never NULL. Once {@link #migrate} has changed a row, the expression must not be true for it any more.
     *
     * <p>With this expression the engine verifies after the last batch that no row is left, and it can find rows without a key. The
     * expression has no parameters, and so it may not contain a question mark: instead of the {@code ?} operator of jsonb, write
     * {@code jsonb_exists}. The default returns nothing, so that rows cannot be verified.
     *
     * @param context the table, its columns and the arguments; its batch is only an example
     * @return an expression such as {@code email <> lower(email)}; empty when the work function cannot say it
     * @throws SQLException when a query fails, for example one on the catalogue
     */
    default Optional<String> pending(WorkContext context) throws SQLException {
        return Optional.empty();
    }

    /**
     * Checks the definition before the first batch: its arguments, further columns, sequences. The default accepts everything.
     *
     * @param context the migration's table, column and arguments; its batch is only an example
     * @throws InvalidDefinitionException when the migration cannot run as it is defined
     * @throws SQLException when the check itself fails
     */
    default void check(WorkContext context) throws SQLException {}

    /**
     * Returns a work function that runs one UPDATE on the rows of the batch.
     *
     * @param assignments the text after {@code SET}, such as {@code email = lower(email)}
     */
    static WorkFunction update(String assignments) {
        return context -> context.update(assignments);
    }

    /**
     * Returns a work function that does the same work and also says which rows are pending. Use it for work functions that are method
     * references or lambdas.
     *
     * @param expression the expression that {@link #pending} returns, such as {@code email <> lower(email)}
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
