package org.registrybbm.migrations.internal.tables;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.registrybbm.migrations.failure.UnknownMigrationException;

/** Names of migrations that people give. */
public final class KnownMigrations {
    private KnownMigrations() {}

    /**
     * Checks that there is a migration of each name.
     *
     * @throws UnknownMigrationException for a name that is no migration's, with names that are like it
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
