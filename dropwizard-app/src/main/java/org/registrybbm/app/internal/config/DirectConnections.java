package org.registrybbm.app.internal.config;

import io.dropwizard.db.DataSourceFactory;
import io.dropwizard.db.PooledDataSourceFactory;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connections made as a pool makes its own, but outside of it: for the one that a replica keeps for as long as it lives. */
public final class DirectConnections {
    private static final Logger LOGGER = LoggerFactory.getLogger(DirectConnections.class);
    private static final String APPLICATION_NAME = "ApplicationName";

    private DirectConnections() {}

    /** Returns a data source without a pool; empty where the pool's settings do not tell how to connect. */
    public static Optional<DataSource> like(PooledDataSourceFactory pool) {
        if (!(pool instanceof DataSourceFactory factory)
                || factory.getUrl() == null
                || !factory.getUrl().startsWith("jdbc:postgresql:")) {
            return Optional.empty();
        }
        PGSimpleDataSource connections = new PGSimpleDataSource();
        connections.setURL(factory.getUrl());
        if (factory.getUser() != null) {
            connections.setUser(factory.getUser());
        }
        if (factory.getPassword() != null) {
            connections.setPassword(factory.getPassword());
        }
        factory.getProperties().forEach((name, value) -> set(connections, name, value));
        return Optional.of(connections);
    }

    private static void set(PGSimpleDataSource connections, String name, String value) {
        try {
            connections.setProperty(name, name.equals(APPLICATION_NAME) ? value + "-presence" : value);
        } catch (SQLException e) {
            LOGGER.debug("the driver does not know the property '{}'", name, e);
        }
    }
}
