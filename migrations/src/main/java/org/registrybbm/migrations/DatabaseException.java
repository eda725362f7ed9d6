package org.registrybbm.migrations;

import java.sql.SQLException;

/** Says that the database could not be asked; what was under way was rolled back. */
public final class DatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Wraps what JDBC said.
     *
     * @param doing what was being done, such as "list the batched migrations"
     * @param cause what JDBC said
     */
    public DatabaseException(String doing, SQLException cause) {
        super("could not " + doing + ": " + cause.getMessage(), cause);
    }
}
