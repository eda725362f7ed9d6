package org.registrybbm.migrations.audit;

import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;

/** Reads what the engine and people decided about migrations and why: sizes, takeovers, quarantined rows, retries. Thread-safe. */
public final class EventLog {
    private static final int MOST_EVENTS = 1_000;

    private final Database database;

    /** Creates a log that reads from a database. */
    public EventLog(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Reads the newest events of a migration. The newest 1,000 of each migration are kept.
     *
     * @param name the migration's name
     * @param limit how many events to read at most, 1 to 1000
     * @return the events, the newest first
     * @throws UnknownMigrationException when there is no migration of that name
     * @throws IllegalArgumentException when the limit is out of its range
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<RecordedEvent> newest(String name, int limit) {
        return newest(name, Long.MAX_VALUE, limit);
    }

    /**
     * Reads the newest events of a migration before one of them.
     *
     * @param name the migration's name
     * @param before only events with smaller ids than this one, for the next page
     * @param limit how many events to read at most, 1 to 1000
     * @return the events, the newest first
     * @throws UnknownMigrationException when there is no migration of that name
     * @throws IllegalArgumentException when the limit is out of its range
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<RecordedEvent> newest(String name, long before, int limit) {
        checkLimit(limit);
        return database.read(
                "list the events of '" + name + "'",
                List.of(name),
                connection -> RecordedEvents.newest(connection, name, before, limit));
    }

    /**
     * Reads the newest events of all migrations, and of budgets.
     *
     * @param before only events with smaller ids than this one, for the next page
     * @param actor only what this person decided; null for all
     * @param limit how many events to read at most, 1 to 1000
     * @return the events, the newest first
     * @throws IllegalArgumentException when the limit is out of its range
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<RecordedEvent> before(long before, @Nullable String actor, int limit) {
        checkLimit(limit);
        return database.read(
                "list events", List.of(), connection -> RecordedEvents.before(connection, before, actor, limit));
    }

    /**
     * Reads the events of all migrations, and of budgets, that came after one of them.
     *
     * @param after the id of an event
     * @param limit how many events to read at most, 1 to 1000
     * @return the events, the oldest first
     * @throws IllegalArgumentException when the limit is out of its range
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<RecordedEvent> after(long after, int limit) {
        checkLimit(limit);
        return database.read("list events", List.of(), connection -> RecordedEvents.after(connection, after, limit));
    }

    /**
     * Returns the id of the newest event that {@link #after} returns: every transaction that is older has ended. Whoever begins there misses
     * nothing.
     *
     * @return its id; 0 if there is none
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public long newestSettled() {
        return database.read("look for the newest event", List.of(), RecordedEvents::newestSettled);
    }

    private static void checkLimit(int limit) {
        if (limit < 1 || limit > MOST_EVENTS) {
            throw new IllegalArgumentException("limit is " + limit + ", allowed is 1 to " + MOST_EVENTS);
        }
    }
}
