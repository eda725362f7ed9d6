package org.registrybbm.migrations.status;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.registrybbm.migrations.budget.BudgetStatements;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.MigrationQueries;

/** Reads what each migration is doing and how far it is, for people and monitoring. Thread-safe. */
public final class StatusReader {
    private static final int MOST_BATCH_JOBS = 1_000;
    private static final int MOST_CELLS = 1_000;

    // Samples are 10 s apart.
    private static final int HOUR = 360;

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

    /**
     * Returns whether there is a migration with an id.
     *
     * @param id the id
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public boolean exists(long id) {
        return database.read(
                "look for a batched migration",
                List.of(),
                connection -> MigrationQueries.find(connection, id).isPresent());
    }

    /**
     * Reads everything that a person wants to see at one glance.
     *
     * @throws SchemaNotMigratedException when the tables are missing
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public StatusSnapshot snapshot() {
        return database.read("read the state of the batched migrations", List.of(), connection -> {
            Instant now = ReplicaQueries.now(connection);
            List<MigrationOverview> overviews = OverviewQueries.list(connection, List.of());
            List<Long> atWork = overviews.stream()
                    .filter(one -> one.reason().code().attention() == Reason.Attention.AT_WORK)
                    .map(one -> one.migration().id())
                    .toList();
            return new StatusSnapshot(
                    now,
                    overviews,
                    ReplicaQueries.list(connection),
                    BudgetStatements.list(connection),
                    SampleQueries.newest(connection, atWork, HOUR));
        });
    }

    /**
     * Reads how far a migration was at the times when a replica worked on it.
     *
     * @param id the migration's id
     * @param from from when on; samples are kept for 30 days
     * @return the oldest first, 10,000 at most
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<Sample> samples(long id, Instant from) {
        return database.read(
                "read the samples of a batched migration",
                List.of(),
                connection -> SampleQueries.since(connection, id, from));
    }

    /**
     * Lists the batch jobs of a migration, the newest first.
     *
     * @param id the migration's id
     * @param unfinished whether to leave out those that are finished
     * @param before only those with smaller ids than this one, for the next page
     * @param limit how many at most, 1 to 1000
     * @throws IllegalArgumentException when the limit is out of its range
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public List<BatchJobOverview> batchJobs(long id, boolean unfinished, long before, int limit) {
        if (limit < 1 || limit > MOST_BATCH_JOBS) {
            throw new IllegalArgumentException("limit is " + limit + ", allowed is 1 to " + MOST_BATCH_JOBS);
        }
        return database.read(
                "list the batch jobs of a batched migration",
                List.of(),
                connection -> BatchJobQueries.list(connection, id, unfinished, before, limit));
    }

    /**
     * Finds where in the range of its integer key a migration has been.
     *
     * @param overview the migration
     * @param cells into how many cells to cut the range, 1 to 1000
     * @return empty if it does not go along an integer key of one table, or if it has not begun
     * @throws IllegalArgumentException when the number of cells is out of its range
     * @throws DatabaseException when the database cannot be reached or a statement fails
     */
    public Optional<KeyMap> map(MigrationOverview overview, int cells) {
        if (cells < 1 || cells > MOST_CELLS) {
            throw new IllegalArgumentException("cells is " + cells + ", allowed is 1 to " + MOST_CELLS);
        }
        return database.read(
                "read the batch jobs of a batched migration",
                List.of(),
                connection -> KeyMapQueries.map(
                        connection,
                        overview.migration(),
                        overview.expectedTupleCount().orElse(0),
                        overview.coveredTupleCount(),
                        cells));
    }
}
