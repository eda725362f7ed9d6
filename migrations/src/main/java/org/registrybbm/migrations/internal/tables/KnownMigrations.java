package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.registrybbm.migrations.failure.UnknownMigrationException;

/** Checks names of migrations that people give. */
public final class KnownMigrations {
    private KnownMigrations() {}

    /**
     * Checks that there is a migration of each name.
     *
     * @throws UnknownMigrationException if there is no migration of a name; it lists similar names
     */
    public static void require(Connection connection, Collection<String> names) throws SQLException {
        if (names.isEmpty()) {
            return;
        }
        List<String> known = MigrationQueries.names(connection);
        for (String name : new TreeSet<>(names)) {
            if (!known.contains(name)) {
                throw new UnknownMigrationException(name, NearestNames.to(name, known));
            }
        }
    }
}
