package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.Jdbc.Transaction;
import org.registrybbm.migrations.internal.jdbc.StandbyQueries;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes changes that a person asks for. They take effect at once, even if the database waits for a synchronous standby that is gone. That
 * wait is broken off after 1 s. The change is then in effect on this server, and the log says that no standby has confirmed it.
 */
public final class RequestedChange {
    private static final Logger LOGGER = LoggerFactory.getLogger(RequestedChange.class);
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final int LONGEST_WAIT_SECONDS = 1;

    private RequestedChange() {}

    /** Makes a change in a transaction of its own, on a connection in auto-commit mode. */
    public static <T> T change(Connection connection, Transaction<T> work) throws SQLException {
        try {
            return Jdbc.inTransaction(connection, tx -> {
                Jdbc.run(tx, TransactionSettings.SHORT_TRANSACTION);
                T result = work.run(tx);
                if (!commit(tx)) {
                    LOGGER.warn(
                            "the requested change is set on this server and in force, but no synchronous standby confirmed it within {} s;"
                                    + " a failover to a standby would lose it; look at synchronous_standby_names and pg_stat_replication",
                            LONGEST_WAIT_SECONDS);
                }
                return result;
            });
        } catch (SQLException e) {
            if (LOCK_NOT_AVAILABLE.equals(e.getSQLState()) && StandbyQueries.isWaitedFor(connection)) {
                throw new SQLException(
                        "the row is held by a commit that waits for a synchronous standby; nothing was changed; bring the standby back,"
                                + " or take it out of synchronous_standby_names, and try again",
                        e.getSQLState(),
                        e);
            }
            throw e;
        }
    }

    /**
     * Commits, and waits at most 1 s for a synchronous standby to confirm the commit.
     *
     * @return whether the commit was confirmed or needs no confirmation; it is in effect on this server in any case
     */
    public static boolean commit(Connection tx) throws SQLException {
        // No timeout of PostgreSQL ends the wait for a standby; only a cancel request does. The change is committed
        // before that wait.
        try (Statement commit = tx.createStatement()) {
            commit.setQueryTimeout(LONGEST_WAIT_SECONDS);
            commit.execute("COMMIT");
            return commit.getWarnings() == null;
        }
    }
}
