package org.registrybbm.migrations.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;
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
    private final SettledEvents settled = new SettledEvents();

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
     * Reads the events of all migrations, and of budgets, that came after one of them. An event is returned only when no event with a
     * smaller id can come any more, so whoever goes on from the last one misses none.
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
        return database.read("list events", List.of(), connection -> {
            OptionalLong known = look(connection).settled();
            return known.isEmpty() || known.getAsLong() <= after
                    ? List.of()
                    : RecordedEvents.after(connection, after, known.getAsLong(), limit);
        });
    }

    /**
     * How far the events go.
     *
     * @param newest the id of the newest event; 0 if there is none
     * @param settled the id up to which {@link #after} returns events, and behind which whoever begins misses none; empty if it is not known
     *     yet, because transactions that have recorded events have not ended
     */
    public record Horizon(long newest, OptionalLong settled) {}

    /**
     * Looks how far the events go.
     *
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public Horizon horizon() {
        return database.read("look for the newest event", List.of(), this::look);
    }

    private Horizon look(Connection connection) throws SQLException {
        long look = settled.look();
        SettledEvents.Sight sight = RecordedEvents.sight(connection);
        return new Horizon(sight.newest(), settled.saw(look, sight));
    }

    private static void checkLimit(int limit) {
        if (limit < 1 || limit > MOST_EVENTS) {
            throw new IllegalArgumentException("limit is " + limit + ", allowed is 1 to " + MOST_EVENTS);
        }
    }
}
