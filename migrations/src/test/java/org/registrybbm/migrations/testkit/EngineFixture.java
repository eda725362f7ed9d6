package org.registrybbm.migrations.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.MigrationDefinition;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A database with a schema {@code t} for the tables of one test, and short words for what tests of the engine repeat. */
public record EngineFixture(TestDatabase database) {
    /** Fast to retry, no waiting for code, small targets; everything else as shipped. */
    public static final EngineSettings SETTINGS = EngineSettings.builder()
            .statementTimeout(Duration.ofSeconds(30))
            .lockTimeout(Duration.ofSeconds(2))
            .idleInTransactionTimeout(Duration.ofSeconds(10))
            .lease(Duration.ofSeconds(10))
            .retryDelay(Duration.ZERO)
            .missingCode(Duration.ofMinutes(1))
            .build();

    /** Forgets the batched migrations and tables of the test before. */
    public static EngineFixture clean(TestDatabase database) {
        database.execute("""
                SET client_min_messages = warning;
                DELETE FROM batched_background_migrations;
                DELETE FROM batched_background_migration_budgets;
                INSERT INTO batched_background_migration_budgets (scope, batch_jobs, migrations)
                VALUES ('fleet', 2, NULL), ('migration', 2, NULL), ('table', 2, 1);
                DROP SCHEMA IF EXISTS t CASCADE;
                CREATE SCHEMA t
                """);
        return new EngineFixture(database);
    }

    /** Sets how many batch jobs may run at once in all and of each migration, without a limit for a table. */
    public EngineFixture limits(int fleet, int perMigration) {
        database.execute("""
                UPDATE batched_background_migration_budgets SET batch_jobs = %d WHERE scope = 'fleet';
                UPDATE batched_background_migration_budgets SET batch_jobs = %d WHERE scope = 'migration';
                UPDATE batched_background_migration_budgets SET batch_jobs = NULL, migrations = NULL WHERE scope = 'table'
                """.formatted(fleet, perMigration));
        return this;
    }

    /** Makes {@code t.items} with the keys of a range; {@code n} counts how often a row was changed. */
    public EngineFixture items(long first, long last) {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, v bigint);
                INSERT INTO t.items (id) SELECT generate_series(%d::bigint, %d::bigint)
                """.formatted(first, last));
        return this;
    }

    /** Queues ranges over all of {@code t.items}, in batches of a fixed size. */
    public long queueItems(String name, String signature, int batchSize) {
        long id = engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named(name)
                        .work(signature)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(batchSize)
                        .build());
        database.execute("UPDATE batched_background_migrations SET batch_size_fixed = true WHERE id = " + id);
        return id;
    }

    /** A migration as an INSERT of these values makes it, whatever strategy they name. */
    public static NewBatchedMigration migration(
            String name,
            String signature,
            String table,
            String column,
            @Nullable String strategy,
            long first,
            long last,
            int batchSize,
            @Nullable String arguments) {
        return new NewBatchedMigration(
                name,
                new MigrationDefinition(signature, arguments, table, column, strategy),
                new KeyBounds(first, last),
                BatchSizing.startingWith(batchSize),
                NewBatchedMigration.Options.DEFAULT);
    }

    /** Queues a migration of {@code t.items} in batches and sub-batches of fixed sizes. */
    public long queue(String signature, @Nullable String strategy, String column, int batchSize, int subBatchSize) {
        long id = engine(Map.of())
                .store()
                .queue(migration(
                        "m", signature, "t.items", column, strategy, Long.MIN_VALUE, Long.MAX_VALUE, batchSize, null));
        database.execute("""
                UPDATE batched_background_migrations
                SET batch_size_fixed = true, sub_batch_size_min = %1$d, sub_batch_size_max = %1$d
                WHERE id = %2$d
                """.formatted(subBatchSize, id));
        return id;
    }

    /** What an expression says of each row in the quarantine. */
    public List<String> quarantine(String expression) {
        return database.column(
                "SELECT " + expression + " FROM batched_background_migration_quarantined_rows ORDER BY id");
    }

    public static WorkRegistry registry(Map<String, WorkFunction> functions) {
        WorkRegistry.Builder builder = WorkRegistry.builder().register(ItemsWork.ADD_ONE, ItemsWork::addOne);
        functions.forEach(builder::register);
        return builder.build();
    }

    public BatchedMigrations engine(Map<String, WorkFunction> functions) {
        return engine(database, SETTINGS, functions);
    }

    public BatchedMigrations engine(EngineSettings settings) {
        return engine(database, settings, Map.of());
    }

    public BatchedMigrations engine(EngineSettings settings, Map<String, WorkFunction> functions) {
        return engine(database, settings, functions);
    }

    public static BatchedMigrations engine(
            DataSource dataSource, EngineSettings settings, Map<String, WorkFunction> functions) {
        return BatchedMigrations.on(dataSource)
                .settings(settings)
                .workRegistry(registry(functions))
                .replica("lab")
                .build();
    }

    public RunResult runAll(Map<String, WorkFunction> functions) {
        return engine(functions).runToEnd(List.of(), StopSignal.NEVER);
    }

    /** Plans and runs as replicas do, turn by turn, until nothing is active. */
    public RunResult drain(Map<String, WorkFunction> functions) {
        BatchedMigrations engine = engine(functions);
        for (int turn = 0; turn < 1_000; turn++) {
            Planner.Plan plan = engine.planner().plan();
            if (plan.active() == 0) {
                break;
            }
            plan.due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        Map<MigrationStatus, List<BatchedMigration>> byStatus =
                engine.store().list(List.of()).stream().collect(Collectors.groupingBy(BatchedMigration::status));
        return new RunResult(
                byStatus.getOrDefault(MigrationStatus.FINISHED, List.of()),
                byStatus.getOrDefault(MigrationStatus.FAILED, List.of()),
                byStatus.getOrDefault(MigrationStatus.ACTIVE, List.of()));
    }

    /** What work throws that is no row's fault, so that its batch job is tried again as a whole. */
    public static RuntimeException away(String text) {
        return new UncheckedIOException(new IOException(text));
    }

    /** Ends the migration's leases as time would. */
    public void expireLeases() {
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_until = clock_timestamp() - interval '1 second'
                WHERE lease_until IS NOT NULL
                """);
    }

    /** What one column of a batched migration says. */
    public String of(String migration, String column) {
        return database.text("SELECT " + column + " FROM batched_background_migrations WHERE name = ?", migration);
    }

    public MigrationStatus status(String migration) {
        return MigrationStatus.of(Integer.parseInt(of(migration, "status")));
    }

    public void setStatus(String migration, MigrationStatus status) {
        database.execute("UPDATE batched_background_migrations SET status = %d WHERE name = '%s'"
                .formatted(status.code(), migration));
    }

    /** The batch jobs of a migration, each as one expression over its row says. */
    public List<String> jobs(String migration, String expression) {
        return database.column("""
                SELECT %s
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE m.name = ?
                ORDER BY j.id
                """.formatted(expression), migration);
    }

    /** Plans until something is due and returns the first batch job of it. */
    public long firstDue() {
        return engine(Map.of()).planner().plan().due().get(0);
    }

    public void assertEachItemChangedOnce() {
        assertThat(database.column("SELECT id || ' changed ' || n || ' times' FROM t.items WHERE n <> 1 LIMIT 20"))
                .isEmpty();
    }
}
