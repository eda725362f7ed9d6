package org.registrybbm.migrations.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.registrybbm.testkit.postgres.BareDataSource;

/** A pool of one connection that hands it out again as it was given back, and to one at a time. */
public final class OneConnection implements BareDataSource, DataSource {
    private final Connection connection;
    private boolean taken;

    public OneConnection(Connection connection) {
        this.connection = connection;
    }

    @Override
    public synchronized Connection getConnection() throws SQLException {
        if (taken) {
            throw new SQLException("the only connection is taken: somebody wants two at once");
        }
        if (!connection.getAutoCommit()) {
            throw new SQLException("the connection came back inside a transaction");
        }
        taken = true;
        return (Connection) Proxy.newProxyInstance(
                OneConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        giveBack();
                        return null;
                    }
                    try {
                        return method.invoke(connection, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }

    private synchronized void giveBack() {
        taken = false;
    }
}
