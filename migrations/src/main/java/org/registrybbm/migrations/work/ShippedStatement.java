package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.failure.FailureText;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * The one statement of a shipped work function.
 *
 * @param sql its text, whose identifiers come from the catalogue
 * @param arguments its parameters
 */
record ShippedStatement(String sql, List<Object> arguments) {
    static ShippedStatement of(String sql, Object... arguments) {
        return new ShippedStatement(sql, List.of(arguments));
    }

    /** Changes the rows and returns how many. */
    long run(Connection connection) throws SQLException {
        return Jdbc.update(connection, sql, arguments.toArray());
    }

    /**
     * Has PostgreSQL plan the statement without running it: types that do not fit show before the first batch, and values too.
     *
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when they do not
     */
    void check(Connection connection) throws SQLException {
        new ShippedStatement("EXPLAIN " + sql, arguments).tryOut(connection);
    }

    /**
     * Runs a statement that only reads.
     *
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when the arguments are to blame that it fails
     */
    void tryOut(Connection connection) throws SQLException {
        try {
            Jdbc.list(connection, sql, row -> row.getString(1), arguments.toArray());
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            // Of a value that is none of the type or that its domain refuses, or of types and operators that do not
            // fit. The names in the statement come from the catalogue: of class 42 only a missing right is left.
            if (SqlFailures.isDataError(e) || state.startsWith("42") && !state.equals("42501")) {
                // What a value was taken for the name of is in quotes as well; types and columns are no values.
                String text = FailureText.of(e);
                boolean ofTypes = state.startsWith("428");
                throw Arguments.invalid(
                        "the arguments do not fit the columns: " + (ofTypes ? text : FailureText.withoutValue(text)));
            }
            throw e;
        }
    }
}
