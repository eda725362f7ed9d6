package org.registrybbm.migrations.failure;

import java.sql.SQLException;

/** Says that the database could not be asked; what was under way was rolled back. */
public final class DatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Wraps what JDBC said.
     *
     * @param message what could not be done and why, without row values
     * @param cause what JDBC said
     */
    public DatabaseException(String message, SQLException cause) {
        super(message, cause);
    }

    /** Says why nothing can be done, without more to tell of a cause. */
    public DatabaseException(String message) {
        super(message);
    }
}
