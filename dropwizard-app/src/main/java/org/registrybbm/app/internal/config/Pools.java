package org.registrybbm.app.internal.config;

import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.util.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.DatabaseFactory;

/**
 * Makes Dropwizard's data source factories with settings that suit many replicas on one server.
 *
 * @param address where to connect
 * @param pgBouncer whether PgBouncer stands between, which refuses start-up options and forgets prepared statements
 */
public record Pools(Address address, boolean pgBouncer) {
    private static final Duration FIVE_SECONDS = Duration.seconds(5);

    /**
     * Where a PostgreSQL is.
     *
     * @param url JDBC URL
     * @param user the user, or null where the URL names it
     * @param password the password, or null
     */
    public record Address(
            String url, @Nullable String user, @Nullable String password) {}

    /**
     * Returns the pool for batch jobs, commands and tasks.
     *
     * @param bounds its size
     * @param statementTimeout the longest that a statement of a sub-batch may take; the socket waits longer
     */
    public DataSourceFactory data(DatabaseFactory.PoolFactory bounds, java.time.Duration statementTimeout) {
        long seconds = Math.max(60, statementTimeout.toSeconds());
        DataSourceFactory factory = factory(bounds, "registry", seconds + 10);
        if (!pgBouncer) {
            factory.getProperties().put("options", "-c statement_timeout=" + seconds + "s");
        }
        return factory;
    }

    /**
     * Returns the pool for Quartz. A replica that is frozen inside a Quartz transaction holds a lock that all replicas need, so
     * PostgreSQL ends such transactions soon.
     *
     * @param bounds its size
     */
    public DataSourceFactory quartz(DatabaseFactory.PoolFactory bounds) {
        DataSourceFactory factory = factory(bounds, "registry-quartz", 20);
        if (!pgBouncer) {
            factory.getProperties()
                    .put(
                            "options",
                            "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s");
        }
        return factory;
    }

    private DataSourceFactory factory(DatabaseFactory.PoolFactory bounds, String name, long socketTimeoutSeconds) {
        DataSourceFactory factory = new DataSourceFactory();
        factory.setDriverClass("org.postgresql.Driver");
        factory.setUrl(address.url());
        if (address.user() != null) {
            factory.setUser(address.user());
        }
        if (address.password() != null) {
            factory.setPassword(address.password());
        }
        factory.setInitialSize(0);
        factory.setMinSize(1);
        factory.setMaxSize(bounds.maxSize());
        factory.setMaxWaitForConnection(bounds.maxWait());
        factory.setAutoCommitByDefault(true);
        factory.setRollbackOnReturn(true);
        factory.setCheckConnectionOnBorrow(true);
        factory.setCheckConnectionWhileIdle(false);
        factory.setValidationInterval(FIVE_SECONDS);
        factory.setValidationQueryTimeout(FIVE_SECONDS);
        factory.setProperties(properties(name, socketTimeoutSeconds));
        return factory;
    }

    private Map<String, String> properties(String name, long socketTimeoutSeconds) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("ApplicationName", name);
        properties.put("connectTimeout", "5");
        properties.put("loginTimeout", "10");
        properties.put("socketTimeout", Long.toString(socketTimeoutSeconds));
        properties.put("tcpKeepAlive", "true");
        // PostgreSQL's DETAIL lines hold row values, which belong neither in logs nor in Sentry.
        properties.put("logServerErrorDetail", "false");
        if (pgBouncer) {
            properties.put("prepareThreshold", "0");
        }
        return properties;
    }
}
