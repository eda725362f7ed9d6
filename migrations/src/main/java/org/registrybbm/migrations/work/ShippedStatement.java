package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.failure.FailureText;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * The statement that a shipped work function runs.
 *
 * @param sql the text; its identifiers come from the catalogue
 * @param arguments the values of its parameters
 */
record ShippedStatement(String sql, List<Object> arguments) {
    static ShippedStatement of(String sql, Object... arguments) {
        return new ShippedStatement(sql, List.of(arguments));
    }

    /** Changes the rows and returns how many it changed. */
    long run(Connection connection) throws SQLException {
        return Jdbc.update(connection, sql, arguments.toArray());
    }

    /**
     * Has PostgreSQL plan the statement without running it, so that types and values that do not fit are found before the first batch.
     *
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when a type or value does not fit
     */
    void check(Connection connection) throws SQLException {
        new ShippedStatement("EXPLAIN " + sql, arguments).tryOut(connection);
    }

    /**
     * Runs the statement, which must only read.
     *
     * @throws org.registrybbm.migrations.failure.InvalidDefinitionException when it fails because of the arguments
     */
    void tryOut(Connection connection) throws SQLException {
        try {
            Jdbc.list(connection, sql, row -> row.getString(1), arguments.toArray());
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            // The arguments are the cause if a value is not of the type or is refused by its domain, or if types and
            // operators do not fit. The statement's names come from the catalogue and exist, so the only other cause
            // in class 42 is a missing privilege (42501).
            if (SqlFailures.isDataError(e) || state.startsWith("42") && !state.equals("42501")) {
                // The message must not show values. Class 428 is about types and columns, whose names may be shown.
                String text = FailureText.of(e);
                boolean ofTypes = state.startsWith("428");
                throw Arguments.invalid(
                        "the arguments do not fit the columns: " + (ofTypes ? text : FailureText.withoutValue(text)));
            }
            throw e;
        }
    }
}
