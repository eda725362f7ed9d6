package org.registrybbm.migrations.internal.failure;

import java.sql.SQLException;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;

/** Turns exceptions of JDBC into exceptions that a host's code may catch. */
public final class DatabaseFailures {
    private static final String UNDEFINED_TABLE = "42P01";
    private static final String UNDEFINED_COLUMN = "42703";

    private DatabaseFailures() {}

    /**
     * Returns the exception that tells an operator what to do: about the schema if a table or column is missing, otherwise about the
     * database.
     *
     * @param doing what was being done, such as "list the batched migrations"
     * @param cause the exception of JDBC
     */
    public static RuntimeException of(String doing, SQLException cause) {
        String text = FailureText.of(cause);
        if (UNDEFINED_TABLE.equals(cause.getSQLState()) || UNDEFINED_COLUMN.equals(cause.getSQLState())) {
            return new SchemaNotMigratedException(text);
        }
        return new DatabaseException("could not " + doing + ": " + text, cause);
    }
}
