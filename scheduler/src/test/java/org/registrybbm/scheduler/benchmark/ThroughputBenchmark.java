package org.registrybbm.scheduler.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dbenchmark.rows=10000000 -Dbenchmark.payload=0}: the engine with 4 workers in 2 replicas and with 1
 * worker, each against the plain loop with as many lanes and the sub-batch size that the engine settled on, in turn, on the same fresh
 * table each time.
 */
class ThroughputBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(ThroughputBenchmark.class);

    private final long rows = Long.getLong("benchmark.rows", 10_000_000);
    private final int runs = Integer.getInteger("benchmark.runs", 5);

    @Test
    void engineAgainstPlainLoop() throws Exception {
        say("%,d rows, %d runs each, the plain loop by %s", rows, runs, PlainLoop.hasPsql() ? "psql" : "JDBC");
        try (Bench bench = new Bench(rows)) {
            compare(bench, 2, 2);
            compare(bench, 1, 1);
        }
    }

    private void compare(Bench bench, int replicas, int workers) throws Exception {
        int lanes = replicas * workers;
        try (EngineFleet fleet = EngineFleet.start(bench.url(), "lanes_" + lanes, replicas, workers)) {
            warmUp(bench, lanes);
            compare(bench, lanes);
        }
    }

    /**
     * A service and its server have been up for a while: code is compiled, connections are open and have seen the statements, and files
     * of the WAL are there to be used again.
     */
    private static void warmUp(Bench bench, int lanes) {
        bench.prepare();
        EngineRun.Result unused = new EngineRun(bench, lanes).run("warm_up_" + lanes);
    }

    private void compare(Bench bench, int lanes) throws Exception {
        List<Double> engine = new ArrayList<>();
        List<Double> plain = new ArrayList<>();
        List<Double> verifying = new ArrayList<>();
        List<Double> idle = new ArrayList<>();
        long subBatch = 0;
        for (int run = 0; run < runs; run++) {
            // The one that goes first changes with each run.
            boolean engineFirst = run % 2 == 0;
            for (int turn = 0; turn < 2; turn++) {
                bench.prepare();
                if (engineFirst == (turn == 0)) {
                    EngineRun.Result result = new EngineRun(bench, lanes).run("bench_" + lanes + "_" + run);
                    engine.add(result.seconds());
                    verifying.add(result.verifying());
                    idle.add(result.idle() * 100);
                    subBatch = result.subBatch();
                } else {
                    plain.add(new PlainLoop(bench, lanes, subBatch).run());
                }
                bench.check();
            }
            say(
                    "%d lanes, run %d: engine %.1f s (and %.1f s to prove it, workers idle %.1f %%), plain loop %.1f s,"
                            + " sub-batches of %d rows",
                    lanes, run + 1, engine.get(run), verifying.get(run), idle.get(run), plain.get(run), subBatch);
        }
        say(
                "%d lanes: engine %.0f rows/s, workers idle %.1f %%, plain loop %.0f rows/s, ratio %.3f (medians of %d)",
                lanes, rows / median(engine), median(idle), rows / median(plain), median(plain) / median(engine), runs);
    }

    private static double median(List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    private static void say(String format, Object... args) {
        LOGGER.warn(String.format(Locale.ROOT, format, args));
    }
}
