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
 * A pool that hands out no sessions that may only read. A session stays read-only for as long as it lives, even after the database may be
 * written again, and the pool would keep it.
 *
 * <p>Such a session is discarded and another one is taken, until one may write or was just created. A session that is read-only although it
 * was just created is handed out, because the database itself is read-only then, and its statements will say so. The engine does this for
 * its own connections. Other code that writes to the same database can use it too.
 */
public final class WritableSessions implements DataSource {
    private static final int MOST_DISCARDED = 100;

    private final DataSource pool;

    private WritableSessions(DataSource pool) {
        this.pool = pool;
    }

    /** Returns a data source that hands out the connections of a pool or another source, except for those that may only read. */
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
                // It was created just now and still may only read, so the database itself is read-only.
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
