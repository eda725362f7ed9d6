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
 * Tries migrations out, each of them to its end, in the calling thread. What a migration does to the rows of its table is written down by a
 * trigger, so that the {@link MigrationReport} can tell which rows were changed and how often.
 *
 * <p>A table of a test is small. So that even such a one is cut, a migration that names no sizes gets batches of 100 rows and sub-batches of
 * at most 10.
 */
public final class MigrationTester {
    private static final BatchSizing SMALL =
            new BatchSizing(100, true, BatchSizing.Bounds.NONE, new BatchSizing.Bounds(1, 10));

    // A batch job of a replica that was killed is free a second later.
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
     * Tries migrations out on a database that somebody else makes and drops.
     *
     * @param database with the tables of the engine
     * @param workRegistry the work functions that it knows
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
     * @throws IllegalStateException when it fails, or returns no row or several
     * @throws NumberFormatException for a value that is none
     */
    public long number(String sql) {
        return database.number(sql);
    }

    /**
     * Queues a migration and runs it to its end.
     *
     * @param migration a name of its own, and a table that is there
     * @return what became of it and of each row, whether it finished or failed
     */
    public MigrationReport run(NewBatchedMigration migration) {
        return run(migration, List.of());
    }

    /**
     * Does the same while its replicas die as processes do that are killed: the first one before the commit of its second sub-batch that
     * changed rows, the next one right after that of its second one, before it heard of it. A third one brings it to its end. Where fewer
     * sub-batches change rows, fewer replicas die; {@link MigrationReport#replicasKilled} tells.
     *
     * @param migration a name of its own, and a table that is there
     * @return what became of it and of each row, whether it finished or failed
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
