package org.registrybbm.migrations.failure;

import java.sql.SQLException;

/** Thrown when the database cannot be reached or a statement fails. The transaction that was under way was rolled back. */
public final class DatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Wraps an exception of JDBC.
     *
     * @param message what could not be done and why, without row values
     * @param cause the exception of JDBC
     */
    public DatabaseException(String message, SQLException cause) {
        super(message, cause);
    }

    /**
     * Creates an exception without a cause.
     *
     * @param message what could not be done and why, without row values
     */
    public DatabaseException(String message) {
        super(message);
    }
}
