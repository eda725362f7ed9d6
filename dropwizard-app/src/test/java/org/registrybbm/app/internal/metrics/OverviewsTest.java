package org.registrybbm.app.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.registrybbm.app.Samples;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason;

@Timeout(20)
class OverviewsTest {
    private static final Reason RUNNING = new Reason(Reason.Code.RUNNING, "running", Optional.empty());
    private static final MigrationOverview ONE = new MigrationOverview(
            Samples.migration(1, "copy"),
            0,
            OptionalDouble.of(43.2),
            OptionalLong.empty(),
            1,
            1,
            0,
            0,
            1,
            3,
            0,
            List.of(),
            Optional.empty(),
            RUNNING);

    private final AtomicLong nanos = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();

    @Test
    void asksTheDatabaseOnceInFiveSeconds() {
        try (Overviews overviews = overviews(() -> List.of(ONE))) {
            assertThat(overviews.current()).containsExactly(ONE);
            nanos.addAndGet(Duration.ofSeconds(5).minusNanos(1).toNanos());
            assertThat(overviews.current()).containsExactly(ONE);
            assertThat(asked).hasValue(1);

            nanos.addAndGet(1);
            assertThat(overviews.current()).containsExactly(ONE);
            assertThat(asked).hasValue(2);
        }
    }

    @Test
    void hasNoneWhileTheDatabaseIsAway() {
        Supplier<List<MigrationOverview>> away = () -> {
            throw new IllegalStateException("away");
        };
        try (Overviews overviews = overviews(away)) {
            assertThat(overviews.current()).isEmpty();
        }
    }

    @Test
    void doesNotWaitForADatabaseThatHangs() {
        CountDownLatch never = new CountDownLatch(1);
        try (Overviews overviews = overviews(() -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return List.of(ONE);
        })) {
            assertThat(overviews.current()).isEmpty();
            assertThat(overviews.current()).isEmpty();
            assertThat(asked).hasValue(1);
        }
    }

    private Overviews overviews(Supplier<List<MigrationOverview>> source) {
        return new Overviews(
                () -> {
                    asked.incrementAndGet();
                    return source.get();
                },
                nanos::get);
    }
}
