package org.registrybbm.scheduler.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Pace;
import org.registrybbm.migrations.status.Reason;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=TimeLeftBenchmark}: whether migrations take as long as {@code status} said when a tenth was done.
 * Their tables are uneven: keys have gaps, rows are narrow and wide, and a row of one part takes up to nine times as long as one of another.
 * Each migration is paused twice on its way. {@code -Dbenchmark.rows} says how many rows each table has, {@code -Dbenchmark.seed} which parts
 * are slow.
 */
class TimeLeftBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(TimeLeftBenchmark.class);
    private static final long ROWS = Long.getLong("benchmark.rows", 100_000);
    private static final long SEED = Long.getLong("benchmark.seed", 1);
    private static final int TABLES = 10;
    private static final int ENOUGH = 9;
    private static final double ASKED_AT_PERCENT = 10;
    private static final int LONGEST_PAUSE_SECONDS = 40;

    private static final String TABLE = """
            CREATE TABLE %1$s (id bigint PRIMARY KEY, value int NOT NULL, wide bigint, payload text);
            INSERT INTO %1$s (id, value, payload)
            SELECT part::bigint * 1000000000 + nth * (1 + part %% 7), nth, repeat('x', (hashint4(part + %3$d) & 1023)::int)
            FROM (SELECT (i * 40 / %2$d)::int AS part, (i %% (%2$d / 40))::int AS nth FROM generate_series(0, %2$d - 1) i) rows;
            CREATE FUNCTION %1$s_costs() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_sleep(0.0005 * (1 + (hashint8(new.id / 1000000000 + %3$d) & 7)));
                RETURN new;
            END $$;
            CREATE TRIGGER costs BEFORE UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION %1$s_costs();
            ANALYZE %1$s;
            INSERT INTO batched_background_migrations
                (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments, batching_strategy)
            VALUES ('%1$s', 1, 9223372036854775807, 1000, 1, 'copyColumn', 'public.%1$s', 'id',
                '{"from": "value", "to": "wide", "cast": "bigint"}', %4$s)
            """;

    /** One migration on its way. */
    private static final class Run {
        private final String name;
        private final List<Double> pausesAt;
        private double seconds;
        private double pausedFor;
        private double askedAt;
        private Pace.@Nullable Range said;
        private boolean over;

        Run(String name, List<Double> pausesAt) {
            this.name = name;
            this.pausesAt = new ArrayList<>(pausesAt);
        }

        boolean isRight() {
            Pace.Range range = said;
            double left = seconds - askedAt;
            return range != null
                    && range.least().toSeconds() <= left
                    && left <= range.most().toSeconds();
        }
    }

    @Test
    void theEndLiesInTheRangeThatWasSaid() throws Exception {
        List<Run> runs = new ArrayList<>();
        try (OwnServer server = OwnServer.start(Map.of("fsync", "on", "max_connections", "60"))) {
            TestDatabase database =
                    server.database("shop", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
            Random random = new Random(SEED);
            for (int i = 1; i <= TABLES; i++) {
                String strategy = i % 2 == 0 ? "'BlockBatchingStrategy'" : "NULL";
                database.execute(TABLE.formatted("table_" + i, ROWS, random.nextInt(1_000_000), strategy));
                runs.add(new Run("table_" + i, List.of(20 + 20 * random.nextDouble(), 50 + 30 * random.nextDouble())));
            }
            database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 10 WHERE scope = 'fleet'");
            database.execute(
                    "INSERT INTO batched_background_migration_budgets (scope, subject, batch_jobs) SELECT 'migration', name, 1 FROM batched_background_migrations");
            try (EngineFleet fleet = EngineFleet.start(server.url("shop"), "replica", 1, TABLES)) {
                watch(database, runs, random);
            }
        }
        runs.forEach(TimeLeftBenchmark::say);
        long right = runs.stream().filter(Run::isRight).count();
        say("%d of %d were right", right, TABLES);
        assertThat(right).isGreaterThanOrEqualTo(ENOUGH);
    }

    /** Follows all migrations to the end of their changes, about once a second. */
    private static void watch(TestDatabase database, List<Run> runs, Random random) {
        BatchedMigrations engine = BatchedMigrations.on(database).build();
        long last = System.nanoTime();
        while (!runs.stream().allMatch(run -> run.over)) {
            database.text("SELECT pg_sleep(1)");
            long now = System.nanoTime();
            double passed = (now - last) / 1e9;
            last = now;
            List<MigrationOverview> all = engine.status().overviews(List.of());
            for (Run run : runs) {
                MigrationOverview one = all.stream()
                        .filter(each -> each.migration().name().equals(run.name))
                        .findFirst()
                        .orElseThrow();
                follow(database, run, one, passed, random);
            }
        }
    }

    private static void follow(TestDatabase database, Run run, MigrationOverview one, double passed, Random random) {
        if (run.over) {
            return;
        }
        if (run.pausedFor > 0) {
            run.pausedFor -= passed;
            if (run.pausedFor <= 0) {
                database.execute("UPDATE batched_background_migrations SET status = 1 WHERE name = '" + run.name + "'");
            }
            return;
        }
        run.seconds += passed;
        double percent = one.progressPercent().orElse(0);
        run.over = one.reason().code().attention() == Reason.Attention.DONE
                || one.reason().code() == Reason.Code.VERIFYING;
        Pace.Range left = one.pace().flatMap(Pace::left).orElse(null);
        if (run.said == null && percent >= ASKED_AT_PERCENT && left != null) {
            run.said = left;
            run.askedAt = run.seconds;
        }
        if (!run.pausesAt.isEmpty() && percent >= run.pausesAt.get(0)) {
            run.pausesAt.remove(0);
            run.pausedFor = 5 + random.nextInt(LONGEST_PAUSE_SECONDS);
            database.execute("UPDATE batched_background_migrations SET status = 0 WHERE name = '" + run.name + "'");
        }
    }

    private static void say(Run run) {
        Pace.Range range = run.said;
        say(
                "%s: after %.0f s it was to take %s to %s s more, and took %.0f: %s",
                run.name,
                run.askedAt,
                range == null ? "?" : text(range.least()),
                range == null ? "?" : text(range.most()),
                run.seconds - run.askedAt,
                run.isRight() ? "right" : "wrong");
    }

    private static String text(Duration duration) {
        return Long.toString(duration.toSeconds());
    }

    private static void say(String format, Object... args) {
        LOGGER.warn(String.format(Locale.ROOT, format, args));
    }
}
