package org.registrybbm.scheduler.chaos;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.registrybbm.migrations.testkit.OwnServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Short in each build; long by {@code ./mvnw verify -Pchaos -Dchaos.faults=1000 -Dchaos.seed=7}. See {@code docs/reliability.md}.
 */
@Tag("slow")
class ChaosTest {
    private static final Logger LOGGER = LoggerFactory.getLogger(ChaosTest.class);

    @Test
    @Timeout(value = 3, unit = TimeUnit.HOURS)
    void changesEachRowExactlyOnceWhateverHappens() throws Exception {
        assumeTrue(OwnServer.isPossible(), "no PostgreSQL of its own can run here");
        ChaosRun.Settings settings = new ChaosRun.Settings(
                Integer.getInteger("chaos.faults", 35),
                Long.getLong("chaos.seed", 1),
                Duration.ofMillis(Long.getLong("chaos.gapMillis", 1_200)),
                Set.of(System.getProperty("chaos.without", "").split(",", -1)));
        Path file = Path.of("target", "chaos", settings.seed() + ".log");
        try (Timeline timeline = new Timeline(file)) {
            try {
                String summary = new ChaosRun(settings, timeline).run();
                timeline.add("summary", summary);
                LOGGER.warn(summary);
            } catch (Throwable e) {
                fail(
                        "seed %d, %d faults, timeline in %s, its end:\n%s"
                                .formatted(
                                        settings.seed(),
                                        settings.faults(),
                                        file.toAbsolutePath(),
                                        String.join("\n", timeline.newest())),
                        e);
            }
        }
    }
}
