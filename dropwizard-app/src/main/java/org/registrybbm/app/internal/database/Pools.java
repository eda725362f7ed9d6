package org.registrybbm.app.internal.database;

import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.util.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.config.DatabaseFactory;
import org.registrybbm.app.internal.config.DatabaseUrl;

/**
 * Makes Dropwizard's data source factories with settings that suit many replicas on one server.
 *
 * @param address where to connect
 * @param pgBouncer whether connections go through PgBouncer, which refuses start-up options and forgets prepared statements
 */
public record Pools(Address address, boolean pgBouncer) {
    private static final Duration FIVE_SECONDS = Duration.seconds(5);
    private static final String NAME = "registry";
    private static final String APPLICATION_NAME = "ApplicationName";
    private static final String OPTIONS = "options";
    private static final String SERVER_ERROR_DETAIL = "logServerErrorDetail";
    private static final String USER = "user";
    private static final String PASSWORD = "password";

    // They are taken out of the URL, because some libraries show it.
    private static final Set<String> SECRETS = Set.of("sslpassword");

    /**
     * Says how to connect to a PostgreSQL.
     *
     * @param url JDBC URL
     * @param user the user, or null if the URL names it
     * @param password the password, or null
     */
    public record Address(
            String url, @Nullable String user, @Nullable String password) {}

    /**
     * Returns the pool for batch jobs, commands and tasks.
     *
     * @param bounds its size
     * @param statementTimeout how long a statement of a sub-batch may take; the connection gives up later than that
     */
    public DataSourceFactory data(DatabaseFactory.PoolFactory bounds, java.time.Duration statementTimeout) {
        long seconds = Math.max(60, statementTimeout.toSeconds());
        return factory(bounds, properties("", seconds + 10, "-c statement_timeout=" + seconds + "s"));
    }

    /**
     * Returns the pool for schema changes. A changeset may read a whole table, to validate a constraint or to build an index, so nothing
     * limits how long a statement takes. Locks have limits of their own, in the changesets.
     *
     * @param bounds its size
     */
    public DataSourceFactory schema(DatabaseFactory.PoolFactory bounds) {
        return factory(bounds, properties("-schema", 0, "-c statement_timeout=0"));
    }

    /**
     * Returns the pool for Quartz. A replica that is frozen inside a Quartz transaction holds a lock that all replicas need, so
     * PostgreSQL ends such transactions soon.
     *
     * @param bounds its size
     */
    public DataSourceFactory quartz(DatabaseFactory.PoolFactory bounds) {
        return factory(
                bounds,
                properties(
                        "-quartz",
                        20,
                        "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s"));
    }

    private DataSourceFactory factory(DatabaseFactory.PoolFactory bounds, Map<String, String> ours) {
        DataSourceFactory factory = new PostgresPoolFactory();
        factory.setDriverClass("org.postgresql.Driver");
        connect(factory, new LinkedHashMap<>(ours));
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
        return factory;
    }

    /** Merges the parameters of the URL with those that are set here, because the driver would drop one of two values of the same name. */
    private void connect(DataSourceFactory factory, Map<String, String> properties) {
        Map<String, String> given =
                DatabaseUrl.parse(address.url()).map(DatabaseUrl::parameters).orElse(Map.of());
        given.forEach((name, value) -> {
            if (properties.containsKey(name) || name.equals(OPTIONS) || SECRETS.contains(name)) {
                properties.put(name, merged(name, properties.getOrDefault(name, ""), value));
            }
        });
        Set<String> moved = new HashSet<>(properties.keySet());
        moved.addAll(Set.of(USER, PASSWORD));
        factory.setUrl(
                DatabaseUrl.parse(address.url()).map(url -> url.without(moved)).orElse(address.url()));
        String user = given.getOrDefault(USER, address.user());
        if (user != null) {
            factory.setUser(user);
        }
        String password = given.getOrDefault(PASSWORD, address.password());
        if (password != null) {
            factory.setPassword(password);
        }
        factory.setProperties(properties);
    }

    private static String merged(String name, String ours, String given) {
        return switch (name) {
            // PostgreSQL takes the last of several values of a setting, so a value in the URL overrides ours.
            case OPTIONS -> (ours + " " + given).strip();
            case APPLICATION_NAME -> given + ours.substring(NAME.length());
            // Never taken from the URL: such details show row values.
            case SERVER_ERROR_DETAIL -> ours;
            default -> given;
        };
    }

    private Map<String, String> properties(String suffix, long socketTimeoutSeconds, String options) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(APPLICATION_NAME, NAME + suffix);
        properties.put("connectTimeout", "5");
        properties.put("loginTimeout", "10");
        properties.put("socketTimeout", Long.toString(socketTimeoutSeconds));
        properties.put("tcpKeepAlive", "true");
        // PostgreSQL's DETAIL lines hold row values, which belong neither in logs nor in Sentry.
        properties.put(SERVER_ERROR_DETAIL, "false");
        if (pgBouncer) {
            properties.put("prepareThreshold", "0");
        } else {
            properties.put(OPTIONS, options);
        }
        return properties;
    }
}
