package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.quartz.SchedulerException;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The replicas of one test, in this JVM, on one database that is cleared before; closing it checks that no thread remains. */
final class Fleet implements AutoCloseable {
    private static final String WATCHDOG = "bbm-watchdog";
    private static final String SHUTDOWN_TIMER = "bbm-shutdown";

    private final TestDatabase database;
    private final List<BatchedMigrationScheduler> replicas = new ArrayList<>();

    Fleet(TestDatabase database) {
        this.database = database;
        database.execute("""
                DELETE FROM batched_background_migrations;
                DELETE FROM batched_background_migration_budgets;
                INSERT INTO batched_background_migration_budgets (scope, batch_jobs, migrations)
                VALUES ('fleet', 2, NULL), ('migration', 2, NULL), ('table', 2, 1);
                DELETE FROM qrtz_fired_triggers;
                DELETE FROM qrtz_simple_triggers;
                DELETE FROM qrtz_triggers;
                DELETE FROM qrtz_job_details;
                DELETE FROM qrtz_scheduler_state
                """);
    }

    /** Sets how many batch jobs may run at once in all and of each migration, without a limit for a table. */
    Fleet limits(int all, int perMigration) {
        database.execute("""
                UPDATE batched_background_migration_budgets SET batch_jobs = %d WHERE scope = 'fleet';
                UPDATE batched_background_migration_budgets SET batch_jobs = %d WHERE scope = 'migration';
                UPDATE batched_background_migration_budgets SET batch_jobs = NULL, migrations = NULL WHERE scope = 'table'
                """.formatted(all, perMigration));
        return this;
    }

    /** Returns a replica to be changed and started. */
    Replica replica(String name) {
        return Replica.of(name, database);
    }

    BatchedMigrationScheduler start(Replica replica) throws SchedulerException {
        BatchedMigrationScheduler scheduler = build(replica);
        scheduler.start();
        return scheduler;
    }

    BatchedMigrationScheduler start(String name) throws SchedulerException {
        return start(replica(name));
    }

    /** Makes a replica without starting it; it is closed with the others. */
    BatchedMigrationScheduler build(Replica replica) throws SchedulerException {
        BatchedMigrationScheduler scheduler = replica.build();
        replicas.add(scheduler);
        return scheduler;
    }

    @Override
    public void close() {
        replicas.parallelStream().forEach(BatchedMigrationScheduler::close);
        replicas.clear();
        assertNoThreadRemains(List.of(WATCHDOG, SHUTDOWN_TIMER));
    }

    /** Checks that the threads of the engine and of Quartz end, besides idle daemons that may take some seconds more. */
    static void assertNoThreadRemains(List<String> besides) {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(threads()).as("threads").isSubsetOf(besides));
    }

    /** Names of the threads of the engine and of Quartz. */
    static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("bbm") || name.contains("Quartz"))
                .sorted()
                .toList();
    }
}
