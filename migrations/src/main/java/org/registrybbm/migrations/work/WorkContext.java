package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.catalog.TargetTable;

/**
 * What a work function gets.
 *
 * @param connection the sub-batch's transaction; it refuses to commit, roll back and close
 * @param table the table that holds the rows, quoted for SQL: {@code public."Weird ""Name"}; one partition of a partitioned one
 * @param column the migration's column, quoted for SQL; several are separated by commas
 * @param batch the rows to change
 * @param arguments the migration's arguments; none where it has none
 */
public record WorkContext(Connection connection, String table, String column, Batch batch, Arguments arguments) {
    /** Makes what a work function gets of a table, with a connection that cannot end the transaction. */
    public static WorkContext of(Connection connection, TargetTable table, Batch batch, Arguments arguments) {
        return new WorkContext(GuardedConnection.guard(connection), table.table(), table.column(), batch, arguments);
    }

    /**
     * Runs {@code UPDATE <table> SET <assignments> WHERE <the rows of the batch>}.
     *
     * @param assignments what stands behind {@code SET}, such as {@code email = lower(email)}
     * @param parameters values of its question marks
     * @return how many rows were changed
     * @throws SQLException when the statement fails
     */
    public long update(String assignments, Object... parameters) throws SQLException {
        return execute("UPDATE " + table + " SET " + assignments + " WHERE " + batch.predicate(), parameters);
    }

    /**
     * Runs any statement that changes rows. {@link Batch#predicate} is the condition that makes it touch the rows of the batch only.
     *
     * @param sql such as {@code "DELETE FROM %s WHERE %s AND expired".formatted(context.table(), context.batch().predicate())}
     * @param parameters values of its question marks
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
