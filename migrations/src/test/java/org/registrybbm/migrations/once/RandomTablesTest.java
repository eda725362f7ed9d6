package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.testkit.RandomCase;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Random tables, keys, holes, duplicates, refusals, settings, strategies and interruptions: whatever a migration makes of a table is what
 * one plain {@code UPDATE} makes of a copy of it. Long by {@code ./mvnw verify -Prandom -Drandom.cases=2000 -Drandom.seed=7}, in which
 * each case has a seed of its own, from the given one on.
 */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class RandomTablesTest {
    private static final Logger LOGGER = LoggerFactory.getLogger(RandomTablesTest.class);
    private static final int CASES = Integer.getInteger("random.cases", 8);
    private static final long SEED = Long.getLong("random.seed", 1);

    private final TestDatabase database;

    RandomTablesTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void endAsOnePlainUpdateLeavesThem() {
        List<String> wrong = LongStream.range(SEED, SEED + CASES)
                .mapToObj(this::run)
                .flatMap(Optional::stream)
                .toList();

        LOGGER.warn(
                "{} random cases, of the seeds {} to {}: {} are wrong", CASES, SEED, SEED + CASES - 1, wrong.size());
        assertThat(wrong).isEmpty();
    }

    /** A long run tells how far it is, and what is wrong at once. */
    private Optional<String> run(long seed) {
        Optional<String> wrong = RandomCase.of(seed, database).run();
        wrong.ifPresent(LOGGER::error);
        if ((seed - SEED + 1) % 100 == 0) {
            LOGGER.warn("random cases up to seed {} are done", seed);
        }
        return wrong;
    }
}
