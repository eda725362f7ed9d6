package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.failure.DatabaseFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * Reads and changes the engine's tables for people. Every method throws {@link UnknownMigrationException} if there is no migration of a
 * name, {@link SchemaNotMigratedException} if the tables are missing, and {@link DatabaseException} if the database cannot be asked.
 * Nothing was changed then.
 */
public record Database(DataSource dataSource) {
    /**
     * Reads something.
     *
     * @param doing what this is for, as it reads behind "could not"
     * @param names names of migrations, each of which must exist
     * @param question gets a connection in auto-commit mode
     */
    public <T> T read(String doing, Collection<String> names, Jdbc.Transaction<T> question) {
        try (Connection connection = dataSource.getConnection()) {
            KnownMigrations.require(connection, names);
            return question.run(connection);
        } catch (SQLException e) {
            throw DatabaseFailures.of(doing, e);
        }
    }

    /**
     * Changes something in one transaction, durably.
     *
     * @param doing what this is for, as it reads behind "could not"
     * @param names names of migrations, each of which must exist
     */
    public <T> T change(String doing, Collection<String> names, Jdbc.Transaction<T> work) {
        return read(doing, names, connection -> RequestedChange.change(connection, work));
    }
}
