package org.registrybbm.app.internal.embedded;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.registrybbm.app.config.DatabaseFactory;
import org.registrybbm.app.internal.database.Changelog;
import org.registrybbm.app.internal.database.Pools;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;

/**
 * Gives a command its database: the configured one, or an embedded one if none is configured.
 *
 * @param pools creates its connection pools
 * @param embedded the embedded one, or null
 */
public record RegistryDatabase(Pools pools, @Nullable EmbeddedDatabase embedded) {
    /**
     * Says what happens to the schema of an embedded database. The schema of a configured database is changed only if somebody asks for it.
     */
    public enum Schema {
        /** The schema stays as it is; the command itself takes care of it. */
        LEAVE,
        /** The schema is created if there is none. */
        MAKE,
        /** The schema is brought to this version. */
        UPDATE
    }

    /**
     * Finds the database, and starts an embedded one that is not running.
     *
     * @param factory the configuration
     * @param schema what to do with the schema of an embedded database
     * @param say receives one line if an embedded database is used
     */
    public static RegistryDatabase open(DatabaseFactory factory, Schema schema, Consumer<String> say)
            throws IOException, SQLException {
        Optional<String> url = factory.url();
        if (url.isPresent()) {
            Pools.Address address = new Pools.Address(url.get(), factory.user(), factory.password());
            return new RegistryDatabase(new Pools(address, factory.pgBouncer()), null);
        }
        EmbeddedDatabase embedded = EmbeddedDatabase.open(Path.of(factory.embeddedDirectory()), Map.of(), say)
                .stopAtExit();
        migrate(embedded, schema);
        return new RegistryDatabase(new Pools(embedded.address(), false), embedded);
    }

    /** Says that an embedded database is needed until the returned object is closed. */
    public AutoCloseable use() {
        return embedded == null ? () -> {} : embedded.use();
    }

    private static void migrate(EmbeddedDatabase embedded, Schema schema) throws SQLException {
        if (schema == Schema.LEAVE) {
            return;
        }
        PGSimpleDataSource dataSource = dataSource(embedded.address());
        boolean update = schema == Schema.UPDATE && embedded.isStarter();
        if (update || !isMigrated(dataSource)) {
            Changelog.apply(dataSource);
        }
    }

    private static boolean isMigrated(PGSimpleDataSource dataSource) {
        try {
            BatchedMigrations.on(dataSource).build().store().requireSchema();
            return true;
        } catch (SchemaNotMigratedException e) {
            return false;
        }
    }

    /** Returns a data source without a pool for an address. */
    public static PGSimpleDataSource dataSource(Pools.Address address) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(address.url());
        dataSource.setUser(address.user());
        dataSource.setPassword(address.password());
        return dataSource;
    }
}
