package org.registrybbm.migrations.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ./mvnw verify -Pbenchmark -Dtest=GateBenchmark}: what a service pays for {@link Gate#isFinished} in each request, and for a look
 * at the clock, which is a part of it.
 */
@ExtendWith(PostgresExtension.class)
class GateBenchmark {
    private static final Logger LOGGER = LoggerFactory.getLogger(GateBenchmark.class);
    private static final int CALLS = 50_000_000;
    private static final int RUNS = 5;
    private static final double MOST_NANOSECONDS = 100;

    private final TestDatabase database;

    GateBenchmark(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database).items(1, 20);
    }

    @Test
    void costsLessThanARequestWouldNotice() {
        database.execute("""
                SELECT queue_batched_migration(
                    name => 'm', table_name => 't.items', work_function => 'copyColumn', key_columns => 'id',
                    arguments => '{"from": "id", "to": "v"}')
                """);
        try (BatchedMigrations engine =
                BatchedMigrations.on(database).presence(database).build()) {
            engine.presence().start(() -> {});
            Gate gate = engine.gate();

            double asked = nanoseconds(() -> gate.isFinished("m"));
            double clock = nanoseconds(() -> System.nanoTime() == 0);

            LOGGER.warn("isFinished {} ns, a look at the clock {} ns (medians of {})", asked, clock, RUNS);
            assertThat(asked).isLessThan(MOST_NANOSECONDS);
        }
    }

    private static double nanoseconds(BooleanSupplier call) {
        return IntStream.rangeClosed(0, RUNS)
                .mapToDouble(run -> nanosecondsOnce(call))
                // The first is to warm up.
                .skip(1)
                .sorted()
                .skip(RUNS / 2)
                .findFirst()
                .orElseThrow();
    }

    private static double nanosecondsOnce(BooleanSupplier call) {
        int yes = 0;
        long start = System.nanoTime();
        for (int i = 0; i < CALLS; i++) {
            yes += call.getAsBoolean() ? 1 : 0;
        }
        double each = (double) (System.nanoTime() - start) / CALLS;
        assertThat(yes).isZero();
        return each;
    }
}
