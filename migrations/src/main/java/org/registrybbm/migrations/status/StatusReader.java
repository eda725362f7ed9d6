package org.registrybbm.migrations.status;

import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;

/** Says how migrations stand, for people and monitoring. Thread-safe. */
public final class StatusReader {
    private final Database database;

    /** Reads from a database. */
    public StatusReader(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Says how migrations stand.
     *
     * @param names which; empty for all
     * @return by id
     * @throws UnknownMigrationException for a name that is no migration's
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be asked
     */
    public List<MigrationOverview> overviews(Collection<String> names) {
        return database.read(
                "list the batched migrations", names, connection -> OverviewQueries.list(connection, names));
    }
}
