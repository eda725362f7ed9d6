package org.registrybbm.migrations.work;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * What a work function gets.
 *
 * @param connection the sub-batch's transaction; it refuses to commit, roll back and close
 * @param table the table that holds the rows, quoted for SQL: {@code public."Weird ""Name"}; one partition of a partitioned one
 * @param column the migration's column, quoted for SQL; several are separated by commas
 * @param batch the rows to change
 * @param arguments the migration's JSON arguments; an empty object where it has none
 */
public record WorkContext(Connection connection, String table, String column, Batch batch, JsonNode arguments) {
    /**
     * Runs {@code UPDATE <table> SET <assignments> WHERE <the rows of the batch>}.
     *
     * @param assignments what stands behind {@code SET}, such as {@code email = lower(email)}
     * @param parameters values of its question marks
     * @return how many rows were changed
     * @throws SQLException when the statement fails
     */
    public long update(String assignments, Object... parameters) throws SQLException {
        String sql = "UPDATE " + table + " SET " + assignments + " WHERE " + batch.predicate();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.executeLargeUpdate();
        }
    }
}
