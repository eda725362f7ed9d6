package org.registrybbm.migrations;

import java.sql.SQLException;
import org.registrybbm.migrations.internal.FailureText;

/** Says that the database could not be asked; what was under way was rolled back. */
public final class DatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final String UNDEFINED_TABLE = "42P01";
    private static final String UNDEFINED_COLUMN = "42703";

    /**
     * Wraps what JDBC said.
     *
     * @param doing what was being done, such as "list the batched migrations"
     * @param cause what JDBC said
     */
    public DatabaseException(String doing, SQLException cause) {
        super("could not " + doing + ": " + FailureText.of(cause), cause);
    }

    /** Says why nothing can be done, without more to tell of a cause. */
    DatabaseException(String message) {
        super(message);
    }

    /**
     * Makes the exception that tells an operator what to do: about the schema when a table or column is missing, else about the
     * database.
     *
     * @param doing what was being done
     * @param cause what JDBC said
     */
    static RuntimeException of(String doing, SQLException cause) {
        if (UNDEFINED_TABLE.equals(cause.getSQLState()) || UNDEFINED_COLUMN.equals(cause.getSQLState())) {
            return new SchemaNotMigratedException(FailureText.of(cause));
        }
        return new DatabaseException(doing, cause);
    }
}
