package org.registrybbm.migrations.status;

import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;

/** Reads what each migration is doing and how far it is, for people and monitoring. Thread-safe. */
public final class StatusReader {
    private final Database database;

    /** Creates a reader for a database. */
    public StatusReader(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Records how far the migrations are that a replica works on, so that {@link #overviews} can tell how fast they are. The scheduler
     * does this every 10 s. It may be done more often, and by several replicas; one sample in 10 s is kept.
     *
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public void sample() {
        database.read("record how far the batched migrations are", List.of(), connection -> {
            SampleQueries.take(connection);
            return true;
        });
    }

    /**
     * Reads the state of migrations.
     *
     * @param names the migrations to read; empty for all
     * @return one overview for each migration, in the order of their ids
     * @throws UnknownMigrationException when there is no migration of a given name
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<MigrationOverview> overviews(Collection<String> names) {
        return database.read(
                "list the batched migrations", names, connection -> OverviewQueries.list(connection, names));
    }
}
