package org.registrybbm.migrations.spi;

import java.sql.Connection;
import java.sql.SQLException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;

/** For a scheduler's own transactions: a commit that does not wait for the disk. */
public final class UnflushedCommit {
    private UnflushedCommit() {}

    /**
     * Has the transaction of a connection commit without waiting for the disk. The setting ends with the transaction, so the connection
     * goes back to its pool as it came, and behind a pooler too. Does nothing in auto-commit mode.
     *
     * @param connection whose transaction
     * @throws SQLException when the connection is lost
     */
    public static void of(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            Jdbc.run(connection, TransactionSettings.NOT_FLUSHED_YET);
        }
    }
}
