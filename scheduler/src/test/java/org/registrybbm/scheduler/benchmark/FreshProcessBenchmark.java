package org.registrybbm.scheduler.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=FreshProcessBenchmark}: how fast the first batches of a process are that goes on with a migration,
 * as after a deployment, against its later ones; {@code -Dbenchmark.rows} and {@code -Dbenchmark.runs} say how many.
 */
class FreshProcessBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(FreshProcessBenchmark.class);
    private static final long ROWS = Long.getLong("benchmark.rows", 20_000_000);
    private static final int RUNS = Integer.getInteger("benchmark.runs", 3);
    private static final int FIRST = 2;
    private static final int LATER = 6;
    private static final double MOST_TIMES_AS_LONG = 1.2;

    // Batches that are cut short to share what is left say nothing.
    private static final String RATES = """
            SELECT round(covered_tuple_count / extract(epoch FROM finished_at - started_at))
            FROM batched_background_migration_jobs
            WHERE status = 2
            ORDER BY started_at
            """;

    private static final String FINISHED = "SELECT count(*) FROM batched_background_migration_jobs WHERE status = 2";

    @Test
    void startsAlmostAsFastAsItGoesOn() throws Exception {
        List<Double> ratios = new ArrayList<>();
        try (Bench bench = new Bench(ROWS)) {
            for (int run = 1; run <= RUNS; run++) {
                ratios.add(run(bench, "run_" + run));
            }
        }
        double median = ratios.stream().sorted().toList().get(RUNS / 2);
        say("later batches are %.2f times as fast as the first %d (median of %d)", median, FIRST, RUNS);
        assertThat(median).isLessThan(MOST_TIMES_AS_LONG);
    }

    private static double run(Bench bench, String name) throws Exception {
        bench.prepare();
        bench.database().execute("DELETE FROM batched_background_migrations");
        // Batches of one size, so that there are some to compare.
        bench.database().execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, batch_size_fixed, status, job_signature_name, table_name,
                        column_name, arguments)
                VALUES ('%s', 1, 9223372036854775807, 1000000, true, 1, 'copyColumn', '%s', 'id',
                    '{"from": "value", "to": "wide", "cast": "bigint"}')
                """.formatted(name, Bench.TABLE));
        try (FreshProcess before = FreshProcess.start(bench.url(), "before")) {
            await(bench, before, 3);
        }
        long done = bench.database().number(FINISHED);
        try (FreshProcess after = FreshProcess.start(bench.url(), "after")) {
            await(bench, after, done + FIRST + LATER + 1);
        }
        List<Double> rates = bench.database().column(RATES).stream()
                .map(Double::valueOf)
                // The one that the process before was killed in is no whole one.
                .skip(done + 1)
                .toList();
        double first = average(rates.subList(0, FIRST));
        double later = average(rates.subList(FIRST, FIRST + LATER));
        say("rows a second of each batch: %s; first %.0f, later %.0f", rates, first, later);
        return later / first;
    }

    private static void await(Bench bench, FreshProcess replica, long finished) {
        while (bench.database().number(FINISHED) < finished) {
            assertThat(replica.process().isAlive()).isTrue();
            bench.database().text("SELECT pg_sleep(0.05)");
        }
    }

    private static double average(List<Double> rates) {
        return rates.stream().mapToDouble(each -> each).average().orElseThrow();
    }

    private static void say(String format, Object... args) {
        LOGGER.warn(String.format(Locale.ROOT, format, args));
    }
}
