package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.catalog.TargetTable;

/**
 * Everything that a work function is given.
 *
 * @param connection the connection of the sub-batch's transaction; it refuses to commit, to roll back as a whole, and to close
 * @param table the table that holds the rows, quoted for SQL: {@code public."Weird ""Name"}. For a partitioned table it is one partition
 * @param column the migration's column, quoted for SQL; several columns are separated by commas
 * @param batch the rows to change
 * @param arguments the migration's arguments, which may be empty
 */
public record WorkContext(Connection connection, String table, String column, Batch batch, Arguments arguments) {
    /** Creates a context for the rows of a table. Its connection cannot end the transaction. */
    public static WorkContext of(Connection connection, TargetTable table, Batch batch, Arguments arguments) {
        return new WorkContext(
                GuardedConnection.guard(connection, ""), table.table(), table.column(), batch, arguments);
    }

    /**
     * Returns the same for the rows of a batch job.
     *
     * @param tag an SQL comment that is put before each statement that is prepared
     */
    public static WorkContext of(
            Connection connection, TargetTable table, Batch batch, Arguments arguments, String tag) {
        return new WorkContext(
                GuardedConnection.guard(connection, tag), table.table(), table.column(), batch, arguments);
    }

    /**
     * Runs {@code UPDATE <table> SET <assignments> WHERE <the rows of the batch>}.
     *
     * @param assignments the text after {@code SET}, such as {@code email = lower(email)}
     * @param parameters the values for its question marks, in order
     * @return how many rows were changed
     * @throws SQLException when the statement fails
     */
    public long update(String assignments, Object... parameters) throws SQLException {
        return execute("UPDATE " + table + " SET " + assignments + " WHERE " + batch.predicate(), parameters);
    }

    /**
     * Runs any statement that changes rows. The statement must contain {@link Batch#predicate} as a condition, so that it touches only the
     * rows of the batch.
     *
     * @param sql such as {@code "DELETE FROM %s WHERE %s AND expired".formatted(context.table(), context.batch().predicate())}
     * @param parameters the values for its question marks, in order
     * @return how many rows were changed
     * @throws SQLException when the statement fails
     */
    public long execute(String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.executeLargeUpdate();
        }
    }
}
