package org.registrybbm.scheduler.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=ApplicationBenchmark}: what an application has to bear while migrations with default settings go
 * over its table, most of whose rows are right already, and how soon a pause is obeyed; {@code -Dapplication.rows} and
 * {@code -Dapplication.seconds} say how many rows and how long, for each way to cut the table. {@code -Dapplication.ways=NULLS|BLOCKS} is
 * a regular expression of the ways to run.
 */
class ApplicationBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(ApplicationBenchmark.class);
    private static final long ROWS = Long.getLong("application.rows", 5_000_000);
    private static final int SECONDS = Integer.getInteger("application.seconds", 300);
    private static final String WAYS = System.getProperty("application.ways", ".*");
    private static final long RIGHT_ROWS = ROWS / 5 * 4;
    private static final double LONGEST_WAIT_MILLIS = 1_000;
    private static final double OBEYED_WITHIN_MILLIS = 2_000;
    private static final int LONGEST_RUN_MILLIS = 4_500;

    private static final String STOPPED = """
            SELECT NOT EXISTS (
                SELECT FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE m.name = ? AND j.lease_token IS NOT NULL)
            """;

    private final SplittableRandom random = new SplittableRandom(7);
    private final List<Double> pauses = new ArrayList<>();
    private OwnServer server;
    private TestDatabase database;

    /** How a migration finds the rows, and what that needs. */
    enum Way {
        KEY("NULL", "id", ""),
        COMPOSITE_KEY("NULL", "tenant, id", "CREATE INDEX ON public.shared (tenant, id)"),
        NULLS("'NullKeySetBatchingStrategy'", "wide", "CREATE INDEX ON public.shared (wide) WHERE wide IS NULL"),
        PREDICATE(
                "'PredicateBatchingStrategy'",
                "id",
                "CREATE INDEX ON public.shared (id) WHERE wide IS DISTINCT FROM value::bigint"),
        BLOCKS("'BlockBatchingStrategy'", "id", ""),
        /** Rows that were right become wrong again while the last search is under way. */
        VERIFICATION("NULL", "id", "");

        private final String strategy;
        private final String column;
        private final String index;

        Way(String strategy, String column, String index) {
            this.strategy = strategy;
            this.column = column;
            this.index = index;
        }
    }

    @BeforeEach
    void start() throws Exception {
        server = OwnServer.start(
                Map.of("fsync", "on", "shared_buffers", "512MB", "max_wal_size", "8GB", "max_connections", "60"));
        database =
                server.database("application", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
        database.execute("""
                CREATE TABLE public.shared (id bigint NOT NULL, tenant int NOT NULL, value int, wide bigint, touched int DEFAULT 0);
                INSERT INTO public.shared (id, tenant, value, wide)
                SELECT i, i / 1000000, i %% 1000000, CASE WHEN i <= %d THEN i %% 1000000 END
                FROM generate_series(1, %d) i;
                ALTER TABLE public.shared ADD PRIMARY KEY (id)
                """.formatted(RIGHT_ROWS, ROWS));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @EnumSource
    void isNotMadeToWait(Way way) throws Exception {
        assumeTrue(way.name().matches(WAYS));
        database.execute(way.index);
        database.execute("VACUUM ANALYZE public.shared");
        long deadline = System.nanoTime() + SECONDS * 1_000_000_000L;
        int rounds = 0;
        Application.Report report;
        try (EngineFleet fleet = EngineFleet.start(server.url("application"), "replica", 2, 2);
                Application application = new Application(database, ROWS).start()) {
            do {
                String name = "round_" + ++rounds;
                application.resting(() -> makeWrong(way == Way.VERIFICATION ? 0 : ROWS - RIGHT_ROWS));
                queue(name, way);
                if (way == Way.VERIFICATION) {
                    pauseInVerification(name);
                    application.resting(() -> makeWrong(ROWS - RIGHT_ROWS));
                    setStatus(name, 1);
                }
                pauseUntilFinished(name, deadline);
            } while (System.nanoTime() < deadline);
            application.close();
            report = application.report();
        }
        say(way, report, rounds);
        assertThat(report.failures()).isEmpty();
        assertThat(report.longest().millis()).isLessThan(LONGEST_WAIT_MILLIS);
        assertThat(pauses).allMatch(millis -> millis < OBEYED_WITHIN_MILLIS);
        assertThat(database.number("SELECT count(*) FROM public.shared WHERE wide IS DISTINCT FROM value"))
                .isZero();
    }

    private void makeWrong(long rows) {
        database.execute("UPDATE public.shared SET wide = NULL WHERE id > " + (ROWS - rows));
    }

    private void queue(String name, Way way) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                     batching_strategy, arguments)
                VALUES ('%s', %s, 100000, 1, 'copyColumn', 'public.shared', '%s', %s,
                    '{"from": "value", "to": "wide", "cast": "bigint"}')
                """.formatted(
                        name,
                        way.column.equals("id") && way.strategy.equals("NULL") ? "1, 9223372036854775807" : "0, 0",
                        way.column,
                        way.strategy));
    }

    /** The search for what is left begins with rows that are all right. */
    private void pauseInVerification(String name) {
        await("""
                SELECT EXISTS (
                    SELECT FROM batched_background_migration_walks w
                    JOIN batched_background_migrations m ON m.id = w.batched_background_migration_id
                    WHERE m.name = ? AND w.kind = 'verify')
                """, name);
        setStatus(name, 0);
        await(STOPPED, name);
    }

    private void pauseUntilFinished(String name, long deadline) throws InterruptedException {
        while (true) {
            long status = database.number("SELECT status FROM batched_background_migrations WHERE name = ?", name);
            if (status == 3) {
                throw new AssertionError(database.text(
                        "SELECT failure_message FROM batched_background_migrations WHERE name = ?", name));
            }
            if (status == 2) {
                return;
            }
            Thread.sleep(random.nextInt(LONGEST_RUN_MILLIS));
            if (System.nanoTime() < deadline && !isTrue(STOPPED, name)) {
                pause(name);
            }
        }
    }

    private void pause(String name) throws InterruptedException {
        long asked = System.nanoTime();
        setStatus(name, 0);
        await(STOPPED, name);
        pauses.add((System.nanoTime() - asked) / 1e6);
        Thread.sleep(random.nextInt(300));
        setStatus(name, 1);
    }

    private void setStatus(String name, int status) {
        database.execute("UPDATE batched_background_migrations SET status = " + status + " WHERE name = '" + name
                + "' AND status IN (0, 1, 4)");
    }

    private boolean isTrue(String sql, String name) {
        return database.text(sql, name).equals("t");
    }

    private void await(String sql, String name) {
        while (!isTrue(sql, name)) {
            database.text("SELECT pg_sleep(0.01)");
        }
    }

    private void say(Way way, Application.Report report, int rounds) {
        LOGGER.warn(String.format(
                Locale.ROOT,
                "%s, %,d rows, %d s: %d migrations, %d pauses, obeyed within %.0f ms (median %.0f); %,d statements of the"
                        + " application, 99 %% within %.0f ms, longest %.0f ms (%s), %d deadlocks, %d failures",
                way,
                ROWS,
                SECONDS,
                rounds,
                pauses.size(),
                pauses.stream().mapToDouble(each -> each).max().orElse(0),
                pauses.stream().sorted().skip(pauses.size() / 2).findFirst().orElse(0.0),
                report.statements(),
                report.p99(),
                report.longest().millis(),
                report.longest().sql(),
                report.deadlocks(),
                report.failures().size()));
    }
}
