package org.registrybbm.migrations.internal.failure;

import java.sql.SQLException;

/** Thrown when a work function itself created an {@link SQLException}. Its text may contain anything that the author put there. */
public final class WorkSqlException extends SQLException {
    private static final long serialVersionUID = 1L;

    private final SQLException thrown;

    public WorkSqlException(SQLException thrown) {
        super("a work function threw it", thrown.getSQLState(), thrown);
        this.thrown = thrown;
    }

    /** Returns whether the exception does not come from the driver, which passes on what PostgreSQL said. */
    public static boolean isAuthors(SQLException thrown) {
        return !thrown.getClass().getName().startsWith("org.postgresql.");
    }

    @Override
    public synchronized SQLException getCause() {
        return thrown;
    }
}
