package org.registrybbm.migrations.internal.failure;

import java.sql.SQLException;

/** Says that a work function made an exception of its own, in whose text may be whatever its author put there. */
public final class WorkSqlException extends SQLException {
    private static final long serialVersionUID = 1L;

    private final SQLException thrown;

    public WorkSqlException(SQLException thrown) {
        super("a work function threw it", thrown.getSQLState(), thrown);
        this.thrown = thrown;
    }

    /** Returns whether it is none of the driver's, which says what PostgreSQL said. */
    public static boolean isAuthors(SQLException thrown) {
        return !thrown.getClass().getName().startsWith("org.postgresql.");
    }

    @Override
    public synchronized SQLException getCause() {
        return thrown;
    }
}
