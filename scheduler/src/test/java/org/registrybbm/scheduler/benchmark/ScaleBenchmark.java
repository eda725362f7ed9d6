package org.registrybbm.scheduler.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.scheduler.chaos.SmallPool;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=ScaleBenchmark}: what a plan, a status and a scrape cost with many migrations, partitions and
 * batch jobs; {@code -Dscale.migrations}, {@code -Dscale.partitions} and {@code -Dscale.jobs} say how many. Prints medians for
 * {@code docs/scale.md}.
 */
class ScaleBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(ScaleBenchmark.class);
    private static final int MIGRATIONS = Integer.getInteger("scale.migrations", 10_000);
    private static final int PARTITIONS = Integer.getInteger("scale.partitions", 10_000);
    private static final int JOBS = Integer.getInteger("scale.jobs", 10_000_000);
    private static final int RUNS = 25;
    private static final int WORKERS = 4;
    private static final int STEP = 250;

    private final AtomicLong locks = new AtomicLong();
    private OwnServer server;
    private TestDatabase database;
    private SmallPool pool;
    private BatchedMigrations engine;

    @BeforeEach
    void start() throws Exception {
        server = OwnServer.start(
                Map.of("fsync", "on", "shared_buffers", "512MB", "max_wal_size", "8GB", "max_connections", "40"));
        database = server.database("scale", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
        // As on a great fleet.
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 1000 WHERE scope = 'fleet'");
        pool = new SmallPool(server.url("scale"), 4);
        WorkFunction counting = new WorkFunction() {
            @Override
            public void check(WorkContext context) {
                // Asked in the transaction of each plan.
                try (var statement = context.connection().createStatement();
                        var row =
                                statement.executeQuery("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")) {
                    row.next();
                    locks.accumulateAndGet(row.getLong(1), Math::max);
                } catch (java.sql.SQLException e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public long migrate(WorkContext context) throws java.sql.SQLException {
                return context.update("v = 1");
            }
        };
        engine = BatchedMigrations.on(pool.dataSource())
                .replica("scale")
                .workRegistry(WorkRegistry.builder().register("count", counting).build())
                .build();
    }

    @AfterEach
    void stop() {
        pool.close();
        server.close();
    }

    @Test
    void migrations() {
        for (int first = 1; first <= MIGRATIONS; first += STEP) {
            database.execute(LongStream.range(first, Math.min(first + STEP, MIGRATIONS + 1))
                    .mapToObj(id -> "CREATE TABLE public.t" + id + " (id bigint PRIMARY KEY, v int)")
                    .collect(Collectors.joining(";\n")));
        }
        queue("'m' || n", "'public.t' || n", MIGRATIONS);
        say("%,d active migrations, each of a table of its own", MIGRATIONS);
        measure();
        database.execute(
                "UPDATE batched_background_migrations SET table_name = 'public.t1', root_table = NULL, status = 1");
        database.execute(
                "DELETE FROM batched_background_migration_walks; DELETE FROM batched_background_migration_jobs");
        say("%,d active migrations of one table", MIGRATIONS);
        measure();
        database.execute("UPDATE batched_background_migrations SET status = 2, finished_at = now()");
        say("%,d finished migrations", MIGRATIONS);
        measure();
    }

    @Test
    void partitions() throws Exception {
        // In two levels, as PostgreSQL takes ever longer to add one more to the same parent.
        database.execute("CREATE TABLE public.p (id bigint PRIMARY KEY, v int) PARTITION BY RANGE (id)");
        for (int first = 0; first < PARTITIONS; first += STEP) {
            int last = Math.min(first + STEP, PARTITIONS);
            database.execute(
                    "CREATE TABLE public.q%d PARTITION OF public.p FOR VALUES FROM (%d) TO (%d) PARTITION BY RANGE (id);"
                                    .formatted(first, first * 1000, last * 1000)
                            + LongStream.range(first, last)
                                    .mapToObj(n ->
                                            "CREATE TABLE public.p%d PARTITION OF public.q%d FOR VALUES FROM (%d) TO (%d)"
                                                    .formatted(n, n / STEP * STEP, n * 1000, n * 1000 + 1000))
                                    .collect(Collectors.joining(";\n")));
        }
        queue("'parted'", "'public.p'", 1);
        say("%,d empty partitions", PARTITIONS);
        long began = System.nanoTime();
        Planner.Plan plan = engine.planner().plan();
        say("the first plan took %.0f ms and held %d locks", millis(began), locks.get());
        measure();
        long planning = 0;
        int plans = 0;
        int batches = 0;
        while (plan.active() > 0) {
            for (long job : plan.due()) {
                engine.runner().run(job, StopSignal.NEVER);
                batches++;
            }
            long asked = System.nanoTime();
            plan = engine.planner().plan();
            planning += System.nanoTime() - asked;
            plans++;
        }
        assertThat(database.text("SELECT status || coalesce(failure_message, '') FROM batched_background_migrations"))
                .isEqualTo("2");
        say(
                "one worker was done with them in %.1f s: %,d batch jobs, %,d plans of %.1f ms; at most %d locks",
                millis(began) / 1000, batches, plans, planning / 1e6 / Math.max(1, plans), locks.get());
    }

    @Test
    void batchJobs() {
        finishedJobs("bigint", "n * 10", "n * 10 + 9", "NULL", "NULL");
    }

    @Test
    void batchJobsOfTextKeys() {
        String key = "CASE WHEN n = %s THEN NULL ELSE jsonb_build_array('k' || lpad((n - %s)::text, 12, '0')) END";
        finishedJobs("text COLLATE \"C\"", "0", "0", key.formatted("1", "1"), key.formatted(JOBS, "0"));
    }

    /** So many as if they had run; the triggers would take minutes to count them one by one. */
    private void finishedJobs(String type, String... range) {
        database.execute("CREATE TABLE public.t (id " + type + " PRIMARY KEY, v int)");
        queue("'m'", "'public.t'", 1);
        engine.planner().plan();
        database.execute("""
                UPDATE batched_background_migrations SET min_value = 10, max_value = %1$d + 9;
                DELETE FROM batched_background_migration_jobs;
                UPDATE batched_background_migration_walks SET cut_key = NULL, cut_whole = true, contiguous = true;
                ALTER TABLE batched_background_migration_jobs DISABLE TRIGGER USER;
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, walk_id, min_value, max_value, after_key, through_key, status,
                     covered_tuple_count, migrated_tuple_count, busy_ms, started_at, finished_at)
                SELECT w.batched_background_migration_id, w.id, %2$s, %3$s, %4$s, %5$s, 2, 10, 10, 5, now(), now()
                FROM batched_background_migration_walks w, generate_series(1, %6$d) n;
                ALTER TABLE batched_background_migration_jobs ENABLE TRIGGER USER;
                INSERT INTO batched_background_migration_tallies
                SELECT batched_background_migration_id, walk_id, 0, count(*), 0, 10 * count(*), 10 * count(*), 0
                FROM batched_background_migration_jobs
                GROUP BY 1, 2
                """.formatted(10L * JOBS, range[0], range[1], range[2], range[3], JOBS));
        // One is not finished yet.
        database.execute(
                "UPDATE batched_background_migration_jobs SET status = 1 WHERE id = (SELECT max(id) FROM batched_background_migration_jobs)");
        analyze();
        say("%,d finished batch jobs, of a key of the type %s", JOBS, type);
        measure();
        database.execute(
                "UPDATE batched_background_migration_jobs SET status = 2 WHERE id = (SELECT max(id) FROM batched_background_migration_jobs)");
        long began = System.nanoTime();
        engine.planner().plan(WORKERS);
        say("  the last plan     %8.1f ms", millis(began));
        assertThat(database.text("SELECT status || coalesce(failure_message, '') FROM batched_background_migrations"))
                .isEqualTo("2");
    }

    private void queue(String name, String table, int count) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                SELECT %s, -9223372036854775808, 9223372036854775807, 1000, 1, 'count', %s, 'id'
                FROM generate_series(1, %d) AS n
                """.formatted(name, table, count));
        analyze();
    }

    private void analyze() {
        database.execute("VACUUM (ANALYZE) batched_background_migrations, batched_background_migration_walks,"
                + " batched_background_migration_jobs");
    }

    private void measure() {
        long began = System.nanoTime();
        engine.planner().plan(WORKERS);
        say("  the first plan    %8.1f ms", millis(began));
        say("  a plan            %8.1f ms", median(() -> engine.planner().plan(WORKERS)));
        say("  an idle look      %8.1f ms", median(() -> engine.planner().outlook()));
        say("  a status or scrape%8.1f ms", median(() -> engine.status().overviews(List.of())));
        say("  locks of a plan   %8d", locks.get());
    }

    private static double median(Runnable call) {
        return LongStream.range(0, RUNS)
                .mapToDouble(run -> {
                    long began = System.nanoTime();
                    call.run();
                    return millis(began);
                })
                .sorted()
                .skip(RUNS / 2)
                .findFirst()
                .orElseThrow();
    }

    private static double millis(long began) {
        return (System.nanoTime() - began) / 1e6;
    }

    private static void say(String text, Object... arguments) {
        LOGGER.warn(String.format(Locale.ROOT, text, arguments));
    }
}
