package org.registrybbm.scheduler;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.quartz.utils.ConnectionProvider;

/**
 * Connections for a Quartz scheduler that runs batch jobs and nothing else, from a pool that the host closes. What Quartz notes of its
 * triggers need not be on the disk before it goes on: a server that crashes forgets the last of these notes, and a batch job that fires
 * once more is refused by its lease. So each batch job waits for the disk at its claim, and not three more times, and neither do the
 * transactions of the host whose log records would be flushed with them.
 */
record QuartzConnections(DataSource dataSource) implements ConnectionProvider {
    // Only for the transaction, so that the connection goes back to the pool as it came, and behind a pooler too.
    private static final String NOT_FLUSHED = "SET LOCAL synchronous_commit = off";

    @Override
    public Connection getConnection() throws SQLException {
        Connection real = dataSource.getConnection();
        return (Connection) Proxy.newProxyInstance(
                QuartzConnections.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("prepareStatement") && takesLock((String) args[0])) {
                        doNotFlush(real);
                    }
                    try {
                        return method.invoke(real, args);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }

    /** Each transaction that changes triggers begins with Quartz's lock. */
    private static boolean takesLock(String sql) {
        return sql.contains("QRTZ_LOCKS") && sql.endsWith("FOR UPDATE");
    }

    private static void doNotFlush(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(NOT_FLUSHED);
        }
    }

    @Override
    public void initialize() {}

    @Override
    public void shutdown() {}
}
