package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * The one statement of a shipped work function.
 *
 * @param sql its text, whose identifiers come from the catalogue
 * @param arguments its parameters
 */
record WorkStatement(String sql, List<Object> arguments) {
    static WorkStatement of(String sql, Object... arguments) {
        return new WorkStatement(sql, List.of(arguments));
    }

    /** Changes the rows and returns how many. */
    long run(Connection connection) throws SQLException {
        return Sql.update(connection, sql, arguments.toArray());
    }

    /**
     * Has PostgreSQL plan the statement without running it: types that do not fit show before the first batch.
     *
     * @throws org.registrybbm.migrations.InvalidDefinitionException when they do not
     */
    void check(Connection connection) throws SQLException {
        try {
            Sql.list(connection, "EXPLAIN " + sql, row -> row.getString(1), arguments.toArray());
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            // 22: data exception, as a value that is none of the type; 428, 42804, 42883: types and operators that do
            // not fit
            if (state.startsWith("22") || state.startsWith("428") || state.equals("42883")) {
                throw Arguments.invalid("the arguments do not fit the columns: " + FailureText.of(e));
            }
            throw e;
        }
    }
}
