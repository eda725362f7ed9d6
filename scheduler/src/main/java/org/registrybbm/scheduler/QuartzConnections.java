package org.registrybbm.scheduler;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.quartz.utils.ConnectionProvider;
import org.registrybbm.migrations.spi.UnflushedCommit;

/**
 * Gives connections to a Quartz scheduler that runs only batch jobs, from a pool that the host closes. Quartz's transactions do not wait
 * until their changes are on the disk. This is safe: if the server crashes and the last changes of triggers are lost, a batch job may fire
 * once more, and its lease refuses that. So each batch job waits for the disk at its claim, and not three more times, and neither do the
 * transactions of the host whose log records would be flushed with them.
 */
record QuartzConnections(DataSource dataSource) implements ConnectionProvider {
    @Override
    public Connection getConnection() throws SQLException {
        Connection real = dataSource.getConnection();
        return (Connection) Proxy.newProxyInstance(
                QuartzConnections.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("prepareStatement") && takesLock((String) args[0])) {
                        UnflushedCommit.of(real);
                    }
                    try {
                        return method.invoke(real, args);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }

    /** Returns whether a statement takes Quartz's lock, with which each transaction that changes triggers begins. */
    private static boolean takesLock(String sql) {
        return sql.contains("QRTZ_LOCKS") && sql.endsWith("FOR UPDATE");
    }

    @Override
    public void initialize() {}

    @Override
    public void shutdown() {}
}
