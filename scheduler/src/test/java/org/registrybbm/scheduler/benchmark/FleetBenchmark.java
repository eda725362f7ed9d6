package org.registrybbm.scheduler.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.Statement;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=FleetBenchmark}: how many statements a fleet sends that has nothing or little to do, as the
 * server counts them, and how many connections it holds; {@code -Dfleet.replicas} and {@code -Dfleet.seconds} say how many and how long.
 */
class FleetBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(FleetBenchmark.class);
    private static final int REPLICAS = Integer.getInteger("fleet.replicas", 100);
    private static final int SECONDS = Integer.getInteger("fleet.seconds", 60);
    // Of a minute and three before it: each replica plans every 4 minutes without news, and some of them then.
    private static final int SETTLED_AFTER = 3;
    private static final double MOST_A_REPLICA = 1;
    // 100 failed migrations are to cost 500 replicas less than 50 a second.
    private static final double MOST_FOR_FAILED = 0.1;

    private OwnServer server;
    private TestDatabase database;

    @BeforeEach
    void start() throws Exception {
        server = OwnServer.start(Map.of(
                "fsync", "on",
                "shared_buffers", "256MB",
                "max_connections", Integer.toString(100 + 20 * REPLICAS),
                "shared_preload_libraries", "pg_stat_statements",
                "pg_stat_statements.track", "top"));
        database = server.database("fleet", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
        database.execute("""
                CREATE EXTENSION pg_stat_statements;
                CREATE TABLE public.widened (id bigint PRIMARY KEY, value int NOT NULL, wide bigint);
                CREATE TABLE public.small (LIKE public.widened INCLUDING ALL);
                INSERT INTO public.widened SELECT i, i FROM generate_series(1, 1000000) i;
                INSERT INTO public.small VALUES (1, 1);
                UPDATE batched_background_migration_budgets
                SET rows_per_second = 1000, batch_jobs = 1
                WHERE scope = 'fleet'
                """);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void sendsLittleWhereItHasNothingToDo() throws Exception {
        try (EngineFleet fleet = fleet("replica", REPLICAS)) {
            double idle = measure("nothing is active", REPLICAS);
            say(
                    "connections that %d replicas of 1 worker hold: %d",
                    REPLICAS,
                    database.number("SELECT count(*) FROM pg_stat_activity"
                            + " WHERE datname = current_database() AND pid <> pg_backend_pid()"));
            assertThat(idle).isLessThan(MOST_A_REPLICA);

            database.execute("""
                    INSERT INTO batched_background_migrations
                        (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                            failure_error_code, failure_message)
                    SELECT 'failed_' || i, 1, 10, 10, 3, 'ofAnotherRelease', 'public.widened', 'id', 3, 'nobody knows it'
                    FROM generate_series(1, 100) i
                    """);
            assertThat(measure("100 migrations have failed for want of their code", REPLICAS))
                    .isLessThan(idle + MOST_FOR_FAILED);

            try (Connection person = database.getConnection();
                    Statement statement = person.createStatement()) {
                person.setAutoCommit(false);
                statement.execute("SELECT FROM public.small FOR UPDATE");
                queue("waiting", "small");
                await("SELECT coalesce(max(lock_waits), 0) > 4 FROM batched_background_migration_jobs");
                assertThat(measure("one waits for its next try", REPLICAS)).isLessThan(MOST_A_REPLICA);
                person.rollback();
            }
        }
    }

    @Test
    void sendsLittleWhereOneOfItWorks() throws Exception {
        queue("running", "widened");
        try (EngineFleet worker = fleet("worker", 1)) {
            double alone = measure("one is active at 1,000 rows a second, and its replica is alone", 1);
            try (EngineFleet others = fleet("idle", REPLICAS - 1)) {
                double together = measure("the same with " + (REPLICAS - 1) + " more replicas", REPLICAS);
                double idle = (together * REPLICAS - alone) / (REPLICAS - 1);
                say("each of those adds %.3f statements a second", idle);
                assertThat(idle).isLessThan(MOST_A_REPLICA);
            }
        }
        assertThat(database.number("SELECT status FROM batched_background_migrations"))
                .isEqualTo(4);
    }

    private EngineFleet fleet(String name, int replicas) throws Exception {
        return EngineFleet.start(server.url("fleet"), name, replicas, 1);
    }

    private void queue(String name, String table) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                        arguments)
                VALUES ('%s', 1, 9223372036854775807, 100000, 1, 'copyColumn', 'public.%s', 'id',
                    '{"from": "value", "to": "wide", "cast": "bigint"}')
                """.formatted(name, table));
    }

    /** Returns the statements of one replica in a second, once it has settled: idle turns come ever more rarely. */
    private double measure(String what, int replicas) {
        database.text("SELECT pg_sleep(?)", (double) SETTLED_AFTER * SECONDS);
        database.execute("SELECT pg_stat_statements_reset()");
        database.text("SELECT pg_sleep(?)", (double) SECONDS);
        double statements = database.number("SELECT sum(calls) FROM pg_stat_statements") / (double) SECONDS;
        say("%s: %.1f statements a second, %.3f a replica", what, statements, statements / replicas);
        database.column("""
                        SELECT calls || ' x ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 90)
                        FROM pg_stat_statements
                        ORDER BY calls DESC
                        LIMIT 12
                        """).forEach(each -> say("    %s", each));
        return statements / replicas;
    }

    private void await(String sql) {
        while (!database.text(sql).equals("t")) {
            database.text("SELECT pg_sleep(0.1)");
        }
    }

    private static void say(String format, Object... args) {
        LOGGER.warn(String.format(Locale.ROOT, format, args));
    }
}
