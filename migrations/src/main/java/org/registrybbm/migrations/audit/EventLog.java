package org.registrybbm.migrations.audit;

import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;

/** Says what was decided about migrations and why: sizes, takeovers, quarantined rows, retries. Thread-safe. */
public final class EventLog {
    private static final int MOST_EVENTS = 1_000;

    private final Database database;

    /** Reads from a database. */
    public EventLog(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Reads what was decided about a migration. The newest 1,000 are kept.
     *
     * @param name which migration
     * @param limit at most so many, 1 to 1000
     * @return newest first
     * @throws UnknownMigrationException for a name that is no migration's
     * @throws IllegalArgumentException for a limit out of its range
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be asked
     */
    public List<RecordedEvent> newest(String name, int limit) {
        if (limit < 1 || limit > MOST_EVENTS) {
            throw new IllegalArgumentException("limit is " + limit + ", allowed is 1 to " + MOST_EVENTS);
        }
        return database.read(
                "list the events of '" + name + "'",
                List.of(name),
                connection -> RecordedEvents.newest(connection, name, limit));
    }
}
