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
 * The engine's tables as people ask about them and change them. Every method throws {@link UnknownMigrationException} for a name that is no
 * migration's, {@link SchemaNotMigratedException} when the tables are missing and {@link DatabaseException} when the database cannot be
 * asked; nothing was changed then.
 */
public record Database(DataSource dataSource) {
    /**
     * Asks something.
     *
     * @param doing what it is for, to stand behind "could not"
     * @param names of migrations, each of which must be there
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
     * @param doing what it is for, to stand behind "could not"
     * @param names of migrations, each of which must be there
     */
    public <T> T change(String doing, Collection<String> names, Jdbc.Transaction<T> work) {
        return read(doing, names, connection -> RequestedChange.change(connection, work));
    }
}
