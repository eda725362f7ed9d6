package org.registrybbm.app.internal.database;

import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.db.PooledDataSourceFactory;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.registrybbm.app.internal.config.DatabaseUrl;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes connections with the settings of a pool, but outside of the pool: for the one connection that a replica keeps for as long as it
 * lives.
 */
public final class DirectConnections {
    private static final Logger LOGGER = LoggerFactory.getLogger(DirectConnections.class);
    private static final String APPLICATION_NAME = "ApplicationName";

    private DirectConnections() {}

    /** Returns a data source without a pool; empty if the pool's settings do not say how to connect to PostgreSQL. */
    public static Optional<DataSource> like(PooledDataSourceFactory pool) {
        if (!(pool instanceof DataSourceFactory factory)
                || factory.getUrl() == null
                || !factory.getUrl().startsWith("jdbc:postgresql:")) {
            return Optional.empty();
        }
        Optional<DatabaseUrl> url = DatabaseUrl.parse(factory.getUrl());
        if (url.isEmpty()) {
            // The pool reports the wrong URL; an exception from here would show it.
            return Optional.empty();
        }
        Map<String, String> all = new LinkedHashMap<>(factory.getProperties());
        putUnlessNull(all, "user", factory.getUser());
        putUnlessNull(all, "password", factory.getPassword());
        // As in a pool's own connections, the parameters of the URL go before other settings.
        all.putAll(url.get().parameters());
        PGSimpleDataSource connections = new PGSimpleDataSource();
        connections.setURL(url.get().base());
        all.forEach((name, value) -> set(connections, name, value));
        return Optional.of(NamedPool.of(DataSource.class, connections, factory));
    }

    private static void putUnlessNull(Map<String, String> all, String name, @Nullable String value) {
        if (value != null) {
            all.put(name, value);
        }
    }

    private static void set(PGSimpleDataSource connections, String name, String value) {
        try {
            connections.setProperty(name, name.equals(APPLICATION_NAME) ? value + "-presence" : value);
        } catch (SQLException e) {
            LOGGER.debug("the driver does not know the property '{}'", name, e);
        }
    }
}
