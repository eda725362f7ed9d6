package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Optional;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.failure.FailureText;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.rows.Treatment;

/**
 * Evaluates on a few rows, before the first batch, what a migration calls pending. Otherwise an expression that PostgreSQL rejects would be
 * found only by the verification, after everything was changed.
 */
public final class PendingCheck {
    private static final String SOME_ROWS = """
            SELECT (%2$s) IS TRUE AS pending
            FROM %1$s
            LIMIT 10
            """;

    private static final String NO_ROWS = """
            SELECT
            FROM %1$s
            WHERE false
                AND (%2$s)
            """;

    private PendingCheck() {}

    /**
     * Tries the expression.
     *
     * @throws InvalidDefinitionException if PostgreSQL rejects the expression; it is not thrown if the data of one row or a lack of time is
     *     the cause
     */
    public static void run(Connection tx, ResolvedMigration definition) throws SQLException {
        Optional<String> pending =
                definition.walked(tx, definition.target(), Treatment.CHANGE).pendingRows();
        if (pending.isEmpty()) {
            return;
        }
        Savepoint before = tx.setSavepoint();
        try {
            Jdbc.list(tx, SOME_ROWS.formatted(definition.target().table(), pending.get()), row -> true);
            tx.releaseSavepoint(before);
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            if (SqlFailures.isConnectionLost(e) || state.equals("42501")) {
                throw e;
            }
            tx.rollback(before);
            if (state.startsWith("42") && !isOfRow(tx, definition, pending.get(), e)) {
                throw new InvalidDefinitionException(
                        FailureCode.PENDING_UNKNOWN,
                        "what the work function '"
                                + definition.migration().definition().signature()
                                + "' calls pending is not a valid condition for the rows of "
                                + definition.target().table() + ": " + FailureText.of(e)
                                + "; correct its method pending");
            }
        }
    }

    /**
     * Returns whether the error is the fault of a row. A row's text may be cast to the name of something that does not exist. If the
     * expression itself names something that does not exist, it fails without any row too.
     */
    private static boolean isOfRow(Connection tx, ResolvedMigration definition, String pending, SQLException thrown)
            throws SQLException {
        if (!SqlFailures.mayBeOfRow(thrown)) {
            return false;
        }
        Savepoint before = tx.setSavepoint();
        try {
            Jdbc.list(tx, NO_ROWS.formatted(definition.target().table(), pending), row -> true);
            return true;
        } catch (SQLException e) {
            tx.rollback(before);
            return false;
        }
    }
}
