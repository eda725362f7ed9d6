package org.registrybbm.migrations.spi;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Sessions;

/**
 * A pool without the sessions that may only read, which it would keep for as long as they live after the database may be written again. They
 * are thrown away and others taken, until one may write or is a new one: where the database itself is read-only, its statements say so. An engine does that
 * with its own connections; whatever else writes the same database may want it too.
 */
public final class WritableSessions implements DataSource {
    private static final int MOST_DISCARDED = 100;

    private final DataSource pool;

    private WritableSessions(DataSource pool) {
        this.pool = pool;
    }

    /** Returns the connections of a pool or other source without those that may only read. */
    public static DataSource of(DataSource pool) {
        return pool instanceof WritableSessions ? pool : new WritableSessions(pool);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection taken = pool.getConnection();
        OffsetDateTime since = null;
        for (int discarded = 0; discarded < MOST_DISCARDED && Sessions.isReadOnly(taken); discarded++) {
            Optional<Sessions.Age> age = Sessions.age(taken);
            if (age.isEmpty() || since != null && age.get().began().isAfter(since)) {
                // It was made just now, and may only read all the same.
                return taken;
            }
            since = since == null ? age.get().now() : since;
            Sessions.discard(taken);
            taken.close();
            taken = pool.getConnection();
        }
        return taken;
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("the data source has one user");
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return pool.getLogWriter();
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
        pool.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        pool.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return pool.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return pool.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(pool) ? type.cast(pool) : pool.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(pool) || pool.isWrapperFor(type);
    }
}
