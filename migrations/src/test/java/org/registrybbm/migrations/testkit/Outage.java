package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.registrybbm.testkit.postgres.BareDataSource;

/** A database that refuses a number of connections. */
public final class Outage implements BareDataSource {
    private final DataSource real;
    private final Queue<Connection> given = new ConcurrentLinkedQueue<>();
    private final AtomicInteger refusals = new AtomicInteger();

    public Outage(DataSource real) {
        this.real = real;
    }

    /** Breaks the connections that are open, and refuses so many new ones. */
    public void refuse(int times) {
        refusals.set(times);
        for (Connection open = given.poll(); open != null; open = given.poll()) {
            try {
                open.abort(Runnable::run);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    public int left() {
        return refusals.get();
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new SQLException("injected: connection refused");
        }
        Connection connection = real.getConnection();
        given.add(connection);
        return connection;
    }
}
