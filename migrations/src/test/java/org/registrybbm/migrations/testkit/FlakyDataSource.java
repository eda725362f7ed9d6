package org.registrybbm.migrations.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Random;
import javax.sql.DataSource;
import org.registrybbm.testkit.postgres.BareDataSource;

/**
 * Connections that break by a seed: when they are opened, at a commit before the server heard of it, and at a commit after the server
 * has done it, so that the client cannot know.
 */
public final class FlakyDataSource implements BareDataSource {
    private final DataSource real;
    private final Random random;
    private final int oneIn;
    private volatile boolean broken = true;

    private int faults;

    /** Breaks at each of the three points once in so many times. */
    public FlakyDataSource(DataSource real, long seed, int oneIn) {
        this.real = real;
        this.random = new Random(seed);
        this.oneIn = oneIn;
    }

    public synchronized int faults() {
        return faults;
    }

    /** From now on nothing breaks. */
    public void heal() {
        broken = false;
    }

    private synchronized boolean strikes() {
        boolean strikes = broken && random.nextInt(oneIn) == 0;
        faults += strikes ? 1 : 0;
        return strikes;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (strikes()) {
            throw new SQLException("injected: could not connect", "08001");
        }
        Connection connection = real.getConnection();
        return (Connection) Proxy.newProxyInstance(
                FlakyDataSource.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("commit")) {
                        commit(connection);
                        return null;
                    }
                    try {
                        return method.invoke(connection, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }

    private void commit(Connection connection) throws SQLException {
        if (strikes()) {
            connection.close();
            throw new SQLException("injected: connection lost before the commit", "08006");
        }
        connection.commit();
        if (strikes()) {
            connection.close();
            throw new SQLException("injected: connection lost after the commit", "08006");
        }
    }
}
