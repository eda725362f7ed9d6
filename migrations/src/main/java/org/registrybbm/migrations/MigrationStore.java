package org.registrybbm.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.BudgetStatements;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.catalog.CatalogQueries;
import org.registrybbm.migrations.internal.sharing.PlanFailures;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.registrybbm.migrations.internal.tables.JobQueries;
import org.registrybbm.migrations.internal.tables.MigrationQueries;
import org.registrybbm.migrations.internal.tables.QueueQueries;
import org.registrybbm.migrations.internal.tables.SchemaVersion;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.StatusChange.Decider;
import org.registrybbm.migrations.status.OverviewQueries;

/**
 * Lists, pauses, starts and queues batched migrations, for operators and authors. It is thread-safe. Every method throws
 * {@link SchemaNotMigratedException} if the tables are missing, and {@link DatabaseException} if the database cannot be reached or a
 * statement fails.
 */
public final class MigrationStore {
    private final Database database;

    MigrationStore(DataSource dataSource) {
        this.database = new Database(dataSource);
    }

    /**
     * Reads migrations.
     *
     * @param names the names of the migrations; empty for all
     * @return the migrations in the order of their ids
     * @throws UnknownMigrationException if no migration has one of the names
     */
    public List<BatchedMigration> list(Collection<String> names) {
        return database.read(
                "list the batched migrations", names, connection -> MigrationQueries.list(connection, names));
    }

    /**
     * Pauses migrations that are active or running. Batch jobs in flight stop after their current sub-batch.
     *
     * @param names the names of the migrations; empty for all
     * @return the changes that were made; migrations that were neither active nor running are not among them
     * @throws UnknownMigrationException if no migration has one of the names; nothing was changed
     */
    public List<StatusChange> pause(Collection<String> names) {
        return pause(names, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param names the names of the migrations; empty for all
     * @param decider who decided it
     * @return the changes that were made
     * @throws UnknownMigrationException if no migration has one of the names; nothing was changed
     */
    public List<StatusChange> pause(Collection<String> names, Decider decider) {
        return setStatus(
                names, List.of(MigrationStatus.ACTIVE, MigrationStatus.RUNNING), MigrationStatus.PAUSED, decider);
    }

    /**
     * Makes paused migrations active.
     *
     * @param names the names of the migrations; empty for all
     * @return the changes that were made; migrations that were not paused are not among them
     * @throws UnknownMigrationException if no migration has one of the names; nothing was changed
     */
    public List<StatusChange> start(Collection<String> names) {
        return start(names, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param names the names of the migrations; empty for all
     * @param decider who decided it
     * @return the changes that were made
     * @throws UnknownMigrationException if no migration has one of the names; nothing was changed
     */
    public List<StatusChange> start(Collection<String> names, Decider decider) {
        return setStatus(names, List.of(MigrationStatus.PAUSED), MigrationStatus.ACTIVE, decider);
    }

    /**
     * Makes paused and failed migrations active. The batch jobs of all named migrations that are active or running then get all their
     * attempts back.
     */
    void startEvenFailed(Collection<String> names) {
        setStatus(names, List.of(MigrationStatus.PAUSED, MigrationStatus.FAILED), MigrationStatus.ACTIVE, Decider.CODE);
        database.change("give failed batch jobs their attempts again", names, tx -> {
            for (BatchedMigration migration : MigrationQueries.list(tx, names)) {
                if (migration.status().isRunnable()) {
                    JobQueries.forgetAttempts(tx, migration.id());
                    PlanFailures.forget(tx, migration.id());
                }
            }
            return names;
        });
    }

    /**
     * Queues a migration. It is active at once unless its options say otherwise.
     *
     * @param migration its definition, which is checked against the database when its first batch is cut
     * @return its id
     * @throws DatabaseException if there is already a migration of that name
     */
    public long queue(NewBatchedMigration migration) {
        return database.change("queue the batched migration '" + migration.name() + "'", List.of(), tx -> {
            long id = QueueQueries.queue(tx, migration);
            setBudget(tx, migration);
            return id;
        });
    }

    /**
     * Queues a migration unless there is already one of that name. An application may call this whenever it starts. An existing migration
     * is left as it is, because people may have changed its sizes, priority and limits.
     *
     * @param migration its definition
     * @return whether it was queued
     * @throws IllegalArgumentException if the existing migration has another definition; nothing was changed
     */
    public boolean queueIfAbsent(NewBatchedMigration migration) {
        return database.change("queue the batched migration '" + migration.name() + "'", List.of(), tx -> {
            if (QueueQueries.queueIfAbsent(tx, migration).isPresent()) {
                setBudget(tx, migration);
                return true;
            }
            requireSame(QueueQueries.differences(tx, migration.name(), migration.definition()), migration);
            return false;
        });
    }

    private static void requireSame(String differences, NewBatchedMigration migration) {
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("a batched migration '" + migration.name()
                    + "' is there already and is another one: its " + differences
                    + "; nothing was changed; give the new one a name of its own");
        }
    }

    private static void setBudget(Connection connection, NewBatchedMigration migration) throws SQLException {
        Integer batchJobs = migration.options().limits().batchJobs();
        Integer rowsPerSecond = migration.options().limits().rowsPerSecond();
        if (batchJobs != null || rowsPerSecond != null) {
            BudgetStatements.set(
                    connection,
                    Budget.Subject.migration(migration.name()),
                    new Budget.Change(
                            batchJobs == null ? null : Limit.of(batchJobs),
                            rowsPerSecond == null ? null : Limit.of(rowsPerSecond),
                            null));
        }
    }

    /**
     * Sets the priority of a migration. Free workers go to the migrations of the highest priority that can use them.
     *
     * @param name the name of the migration
     * @param priority -32768 to 32767; migrations with a higher one are served first, the default is 0
     * @return whether the migration had another priority before
     * @throws UnknownMigrationException if no migration has this name
     * @throws IllegalArgumentException if the priority is out of its range; nothing was changed
     */
    public boolean setPriority(String name, int priority) {
        return setPriority(name, priority, Decider.CODE);
    }

    /**
     * Does the same, and keeps who decided it and why.
     *
     * @param name the name of the migration
     * @param priority -32768 to 32767
     * @param decider who decided it
     * @return whether the migration had another priority before
     * @throws UnknownMigrationException if no migration has this name
     * @throws IllegalArgumentException if the priority is out of its range; nothing was changed
     */
    public boolean setPriority(String name, int priority, Decider decider) {
        if (priority < Short.MIN_VALUE || priority > Short.MAX_VALUE) {
            throw new IllegalArgumentException("priority is " + priority + ", allowed is " + Short.MIN_VALUE + " to "
                    + Short.MAX_VALUE + "; nothing was changed");
        }
        return database.change("set the priority of '" + name + "'", List.of(name), tx -> {
            boolean changed = MigrationQueries.setPriority(tx, name, priority);
            if (changed) {
                long id = MigrationQueries.list(tx, List.of(name)).get(0).id();
                EventQueries.Event event = new EventQueries.Event("priority", null, (long) priority, decider.reason());
                EventQueries.recordDecision(tx, id, null, event, decider);
            }
            return changed;
        });
    }

    /**
     * Checks that the schema of this version is there: the tables, the version that the changelog has recorded, and the columns that an
     * overview of the migrations reads.
     *
     * @throws SchemaNotMigratedException if a table or column is missing, or if the schema is too old or too new for this program
     */
    public void requireSchema() {
        database.read("look for the batched-migration tables", List.of(), connection -> {
            List<String> missing = CatalogQueries.missing(
                    connection,
                    "batched_background_migrations",
                    "batched_background_migration_jobs",
                    "batched_background_migration_lease_tokens",
                    "batched_background_migration_budgets",
                    "batched_background_migration_schema");
            if (!missing.isEmpty()) {
                throw new SchemaNotMigratedException("there is no table " + missing.get(0));
            }
            SchemaVersion.requireFit(connection);
            // This reads further tables and many columns. If one is missing, PostgreSQL's error names it.
            return OverviewQueries.list(connection, List.of("no migration has this name"));
        });
    }

    private List<StatusChange> setStatus(
            Collection<String> names, List<MigrationStatus> from, MigrationStatus to, Decider decider) {
        return database.change("make batched migrations " + to.word(), names, tx -> {
            EventQueries.decide(tx, decider);
            return MigrationQueries.setStatus(tx, names, from, to);
        });
    }
}
