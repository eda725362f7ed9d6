package org.registrybbm.scheduler;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=IdleShareBenchmark}: how much of their time the workers of two replicas with two workers each
 * hold a batch job, from the first claim to the last end, and between the first end and the last claim. Batches have
 * {@code -Dbenchmark.batchRows} rows (1,000) of {@code -Dbenchmark.msPerRow} milliseconds (1), {@code -Dbenchmark.batches} of them (60).
 */
@ExtendWith(PostgresExtension.class)
class IdleShareBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(IdleShareBenchmark.class);

    private static final String HELD = """
            WITH jobs AS (
                SELECT started_at, finished_at, busy_ms FROM batched_background_migration_jobs
            ), whole AS (
                SELECT min(started_at) AS since, max(finished_at) AS till FROM jobs
            ), steady AS (
                SELECT min(finished_at) AS since, max(started_at) AS till FROM jobs
            )
            SELECT format(
                '%s batches in %s s: held %s %% of the time, %s %% in between; busy %s %%',
                count(*),
                round(extract(epoch FROM max(w.till - w.since)), 1),
                round(100 * sum(extract(epoch FROM finished_at - started_at)) / (4 * max(extract(epoch FROM w.till - w.since))), 1),
                round(
                    100 * sum(greatest(0, extract(epoch FROM least(finished_at, s.till) - greatest(started_at, s.since))))
                        / (4 * max(extract(epoch FROM s.till - s.since))),
                    1
                ),
                round(sum(busy_ms) / 10.0 / (4 * max(extract(epoch FROM w.till - w.since))), 1)
            )
            FROM jobs
            CROSS JOIN whole w
            CROSS JOIN steady s
            """;

    private final TestDatabase database;

    IdleShareBenchmark(TestDatabase database) {
        this.database = database;
    }

    @Test
    void workersOfTwoReplicas() throws Exception {
        int rows = Integer.getInteger("benchmark.batchRows", 1_000);
        int batches = Integer.getInteger("benchmark.batches", 60);
        String msPerRow = System.getProperty("benchmark.msPerRow", "1");
        EngineSettings settings = Replica.SETTINGS.toBuilder()
                .batchTarget(Duration.ZERO)
                .subBatchTarget(Duration.ofMillis(Math.min(500, rows / 10)))
                .build();
        try (Fleet fleet = new Fleet(database).limits(4, 4);
                CountingPool one = new CountingPool(database);
                CountingPool two = new CountingPool(database)) {
            fleet.start(Replica.of("one", one).with(settings));
            fleet.start(Replica.of("two", two).with(settings));
            Ledger.create(database, "bench", rows * batches)
                    .queue(rows, "{\"msPerRow\": " + msPerRow + "}")
                    .awaitFinishedExactly(Duration.ofMinutes(30));
            LOGGER.warn(database.text(HELD));
        }
    }
}
