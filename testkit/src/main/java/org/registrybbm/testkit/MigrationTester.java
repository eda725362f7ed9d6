package org.registrybbm.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Runs migrations in a test, each of them to its end, in the calling thread. A trigger records what a migration does to the rows of its
 * table, so that the {@link MigrationReport} can say which rows were changed and how often.
 *
 * <p>Tables of tests are small. A migration that names no sizes gets batches of 100 rows and sub-batches of at most 10, so that even a
 * small table has several of them.
 */
public final class MigrationTester {
    private static final BatchSizing SMALL =
            new BatchSizing(100, true, BatchSizing.Bounds.NONE, new BatchSizing.Bounds(1, 10));

    // The lease is short, so that a batch job of a killed replica is free a second later.
    private static final EngineSettings SETTINGS = EngineSettings.builder()
            .statementTimeout(Duration.ofSeconds(30))
            .lockTimeout(Duration.ofMillis(300))
            .idleInTransactionTimeout(Duration.ofSeconds(10))
            .lease(Duration.ofSeconds(1))
            .retryDelay(Duration.ofMillis(100))
            .missingCode(Duration.ZERO)
            .build();

    private static final List<Death> DEATHS =
            List.of(new Death(Death.Moment.BEFORE_COMMIT, 2), new Death(Death.Moment.AFTER_COMMIT, 2));

    private final TestDatabase database;
    private final WorkRegistry workRegistry;

    /**
     * Creates a tester on a database that somebody else creates and drops.
     *
     * @param database a database with the tables of the engine
     * @param workRegistry the work functions that migrations may use
     */
    public MigrationTester(TestDatabase database, WorkRegistry workRegistry) {
        this.database = database;
        this.workRegistry = workRegistry;
    }

    /** Returns the database. */
    public TestDatabase database() {
        return database;
    }

    /**
     * Runs statements, separated by semicolons.
     *
     * @throws IllegalStateException when one fails
     */
    public void execute(String sql) {
        database.execute(sql);
    }

    /**
     * Returns the only value of a query as a number.
     *
     * @throws IllegalStateException when the query fails, or does not return exactly one row
     * @throws NumberFormatException when the value is not a whole number
     */
    public long number(String sql) {
        return database.number(sql);
    }

    /**
     * Queues a migration and runs it to its end.
     *
     * @param migration a migration whose name is not in use and whose table exists
     * @return what became of the migration and of each row, whether the migration finished or failed
     */
    public MigrationReport run(NewBatchedMigration migration) {
        return run(migration, List.of());
    }

    /**
     * Queues a migration and runs it to its end while two replicas die like killed processes. The first one dies before the commit of its
     * second sub-batch that changes rows. The next one dies right after the commit of its second such sub-batch, before it hears of it. A
     * third replica brings the migration to its end. If fewer sub-batches change rows, fewer replicas die; {@link
     * MigrationReport#replicasKilled} says how many.
     *
     * @param migration a migration whose name is not in use and whose table exists
     * @return what became of the migration and of each row, whether the migration finished or failed
     */
    public MigrationReport runAndKill(NewBatchedMigration migration) {
        return run(migration, DEATHS);
    }

    private MigrationReport run(NewBatchedMigration asked, List<Death> deaths) {
        NewBatchedMigration migration = asked.sizing().equals(BatchSizing.DEFAULT) ? asked.withSizing(SMALL) : asked;
        Ledger ledger = Ledger.of(database, migration);
        engine(database, "author").store().queue(migration);
        List<MortalReplica> replicas = new ArrayList<>();
        for (Death death : deaths) {
            replicas.add(new MortalReplica(database, Optional.of(death)));
        }
        replicas.add(new MortalReplica(database, Optional.empty()));
        int killed = 0;
        for (MortalReplica replica : replicas) {
            runToEnd(replica, migration.name(), "replica " + (killed + 1));
            if (!replica.isDead()) {
                break;
            }
            killed++;
        }
        BatchedMigrations engine = engine(database, "auditor");
        BatchedMigration after = engine.store().list(List.of(migration.name())).get(0);
        return new MigrationReport(
                after,
                engine.verify(List.of(migration.name()), StopSignal.NEVER, (name, rows) -> {})
                        .get(0),
                engine.quarantine().list(List.of(migration.name())),
                ledger.read(),
                killed);
    }

    private void runToEnd(MortalReplica replica, String name, String as) {
        try {
            engine(replica, as).runToEnd(List.of(name), replica::isDead);
        } catch (DatabaseException e) {
            if (!replica.isDead()) {
                throw e;
            }
        }
    }

    private BatchedMigrations engine(DataSource connections, String replica) {
        return BatchedMigrations.on(connections)
                .settings(SETTINGS)
                .workRegistry(workRegistry)
                .replica(replica)
                .build();
    }
}
