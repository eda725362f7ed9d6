package org.registrybbm.scheduler.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.scheduler.chaos.SmallPool;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches of one row, one after the other, {@code -Dbenchmark.batches} of them (50,000): what a turn of the planner and a run of a batch
 * job cost in the middle of each tenth. Prints them; the last tenth should cost what the second does.
 */
class ManyBatchesBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(ManyBatchesBenchmark.class);
    private static final int BATCHES = Integer.getInteger("benchmark.batches", 50_000);
    private static final int WINDOWS = 10;
    private static final double MILLION = 1e6;

    @Test
    void eachBatchCostsTheSame() throws Exception {
        try (OwnServer server = OwnServer.start(Map.of("fsync", "on"))) {
            TestDatabase database =
                    server.database("many", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
            database.execute("""
                    CREATE TABLE public.small (id bigint PRIMARY KEY, value int NOT NULL, wide bigint);
                    INSERT INTO public.small SELECT i, i FROM generate_series(1, %d) i;
                    ANALYZE public.small;
                    UPDATE batched_background_migration_budgets SET batch_jobs = 1;
                    INSERT INTO batched_background_migrations
                        (name, min_value, max_value, batch_size, batch_size_fixed, status, job_signature_name, table_name,
                         column_name, arguments)
                    VALUES ('many', 1, %1$d, 1, true, 1, 'copyColumn', 'public.small', 'id',
                        '{"from": "value", "to": "wide"}')
                    """.formatted(BATCHES));
            SmallPool pool = new SmallPool(server.url("many"), 2);
            BatchedMigrations engine =
                    BatchedMigrations.on(pool.dataSource()).replica("many").build();
            for (int window = 1; window <= WINDOWS; window++) {
                measure(engine, window);
            }
            assertThat(database.number("SELECT count(*) FROM public.small WHERE wide = value"))
                    .isEqualTo(BATCHES);
        }
    }

    private static void measure(BatchedMigrations engine, int window) {
        List<Double> planning = new ArrayList<>();
        List<Double> running = new ArrayList<>();
        for (int done = 0; done < BATCHES / WINDOWS; ) {
            long began = System.nanoTime();
            Planner.Plan plan = engine.planner().plan();
            long planned = System.nanoTime();
            planning.add((planned - began) / MILLION);
            for (long job : plan.due()) {
                engine.runner().run(job, StopSignal.NEVER);
                done++;
            }
            running.add((System.nanoTime() - planned) / MILLION);
        }
        LOGGER.warn(String.format(
                Locale.ROOT,
                "batches %,d to %,d: planning %.2f ms, running %.2f ms (medians)",
                (window - 1) * (BATCHES / WINDOWS) + 1,
                window * (BATCHES / WINDOWS),
                median(planning),
                median(running)));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
