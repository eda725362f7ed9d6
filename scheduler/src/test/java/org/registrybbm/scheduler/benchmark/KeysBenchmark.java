package org.registrybbm.scheduler.benchmark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=KeysBenchmark}: keys of several columns against one integer on the same table, all rows of which
 * have the same values in all columns of the key but the last; {@code -Dkeys.rows} and {@code -Dkeys.runs} say how many. A key is walked
 * in the same order on the disk each time.
 */
class KeysBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(KeysBenchmark.class);
    private static final long ROWS = Long.getLong("keys.rows", 20_000_000);
    private static final int RUNS = Integer.getInteger("keys.runs", 3);
    private static final String ONLY = System.getProperty("keys.only", ".*");
    private static final double MOST_TIMES_AS_LONG = 1.5;

    /** A key, and the integer or text column that it ends with. */
    enum Key {
        ID("id", "id"),
        TENANT_ID("tenant, id", "id"),
        TENANT_REGION_ID("tenant, region, id", "id"),
        NAME("name", "name"),
        TENANT_NAME("tenant, name", "name");

        private final String columns;
        private final String last;

        Key(String columns, String last) {
            this.columns = columns;
            this.last = last;
        }
    }

    @Test
    void ofSeveralColumnsTakeLittleLonger() throws Exception {
        Map<Key, List<Double>> seconds = new EnumMap<>(Key.class);
        try (OwnServer server = OwnServer.start(Map.of(
                "fsync", "on",
                "shared_buffers", "1GB",
                "max_wal_size", "32GB",
                "checkpoint_timeout", "1h",
                "autovacuum", "off"))) {
            TestDatabase database =
                    server.database("keys", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
            try (EngineFleet fleet = EngineFleet.start(server.url("keys"), "replica", 1, 1)) {
                for (int run = 1; run <= RUNS; run++) {
                    for (Key key : Key.values()) {
                        if (!key.name().matches(ONLY)) {
                            continue;
                        }
                        prepare(database, key);
                        seconds.computeIfAbsent(key, each -> new ArrayList<>())
                                .add(run(database, key.name().toLowerCase(Locale.ROOT) + "_" + run, key));
                    }
                }
            }
        }
        seconds.forEach((key, each) -> say(
                "%-16s %,d rows: %s s, median %.1f s, %.2f of the one with (%s)",
                key, ROWS, each, median(each), ratio(seconds, key), key.last));
        assertThat(seconds.keySet()).allMatch(key -> ratio(seconds, key) <= MOST_TIMES_AS_LONG);
    }

    private static double ratio(Map<Key, List<Double>> seconds, Key key) {
        Key plain = key.last.equals("id") ? Key.ID : Key.NAME;
        return median(requireNonNull(seconds.get(key))) / median(requireNonNull(seconds.get(plain)));
    }

    private static void prepare(TestDatabase database, Key key) {
        database.execute("DROP TABLE IF EXISTS public.keyed");
        database.execute("""
                CREATE TABLE public.keyed
                    (tenant int NOT NULL, region text COLLATE "C" NOT NULL, id bigint NOT NULL, name text NOT NULL, value int, wide bigint);
                INSERT INTO public.keyed
                SELECT 7, 'eu', i, lpad(i::text, 12, '0'), i %% 1000000, NULL FROM generate_series(1, %d) i;
                CREATE UNIQUE INDEX ON public.keyed (%s)
                """.formatted(ROWS, key.columns));
        database.execute("VACUUM (FREEZE, ANALYZE) public.keyed");
        database.execute("CHECKPOINT");
    }

    private static double run(TestDatabase database, String name, Key key) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                        arguments)
                VALUES ('%s', %s, 100000, 1, 'copyColumn', 'public.keyed', '%s',
                    '{"from": "value", "to": "wide", "cast": "bigint"}')
                """.formatted(name, key == Key.ID ? "1, 9223372036854775807" : "0, 0", key.columns));
        while (true) {
            String status = database.text("""
                    SELECT status || coalesce(' ' || failure_message, '') FROM batched_background_migrations, pg_sleep(0.2)
                    WHERE name = ?
                    """, name);
            if (status.startsWith("3")) {
                throw new AssertionError(status);
            }
            if (status.startsWith("2")) {
                break;
            }
        }
        assertThat(database.number("SELECT count(*) FROM public.keyed WHERE wide IS DISTINCT FROM value"))
                .isZero();
        return Double.parseDouble(database.text("""
                SELECT round(extract(epoch FROM
                    max(j.finished_at) FILTER (WHERE w.kind = 'change') - min(m.created_at))::numeric, 1)
                FROM batched_background_migrations m
                JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                JOIN batched_background_migration_walks w ON w.id = j.walk_id
                WHERE m.name = ?
                """, name));
    }

    private static double median(List<Double> seconds) {
        return seconds.stream().sorted().toList().get(seconds.size() / 2);
    }

    private static void say(String format, Object... args) {
        LOGGER.warn(String.format(Locale.ROOT, format, args));
    }
}
