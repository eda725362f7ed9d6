package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.registrybbm.testkit.postgres.BareDataSource;

/** A database that refuses a number of connections. */
public final class Outage implements BareDataSource {
    private final DataSource real;
    private final AtomicInteger refusals = new AtomicInteger();

    public Outage(DataSource real) {
        this.real = real;
    }

    public void refuse(int times) {
        refusals.set(times);
    }

    public int left() {
        return refusals.get();
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new SQLException("injected: connection refused");
        }
        return real.getConnection();
    }
}
