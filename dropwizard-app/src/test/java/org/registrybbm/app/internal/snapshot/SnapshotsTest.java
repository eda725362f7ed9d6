package org.registrybbm.app.internal.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.registrybbm.app.Samples;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason;
import org.registrybbm.migrations.status.StatusSnapshot;

@Timeout(20)
class SnapshotsTest {
    private final AtomicLong nanos = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();
    private volatile Reason.Code reason = Reason.Code.RUNNING;
    private volatile boolean away;
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private final Snapshots snapshots = new Snapshots(this::read, id -> id < 99, nanos::get);

    private StatusSnapshot read() {
        int number = asked.incrementAndGet();
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (away) {
            throw new IllegalStateException("the database is away");
        }
        MigrationOverview one = new MigrationOverview(
                Samples.migration(number, "copy"),
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
                new Reason(reason, "so it is", Optional.empty()));
        return new StatusSnapshot(Instant.EPOCH, List.of(one), List.of(), List.of(), Map.of());
    }

    @AfterEach
    void close() {
        gate.countDown();
        snapshots.close();
    }

    private void pass(long millis) {
        nanos.addAndGet(Duration.ofMillis(millis).toNanos());
    }

    private long shown() {
        return snapshots
                .latest()
                .orElseThrow()
                .snapshot()
                .migrations()
                .get(0)
                .migration()
                .id();
    }

    @Test
    void asksOnceASecondWhileSomethingIsAtWork() {
        assertThat(shown()).isOne();
        pass(999);
        assertThat(shown()).isOne();
        pass(1);
        assertThat(shown()).isEqualTo(2);
        assertThat(asked).hasValue(2);
    }

    @Test
    void asksOnceInFifteenSecondsWhileNothingIs() {
        reason = Reason.Code.PAUSED;
        assertThat(shown()).isOne();
        pass(14_999);
        assertThat(shown()).isOne();

        snapshots.forget();

        assertThat(shown()).isEqualTo(2);
        pass(15_000);
        assertThat(shown()).isEqualTo(3);
    }

    @Test
    void showsTheLastStateWithItsAgeWhileTheDatabaseDoesNotAnswer() {
        assertThat(shown()).isOne();
        away = true;
        pass(12_000);

        Snapshots.Seen seen = snapshots.latest().orElseThrow();

        assertThat(seen.answered()).isFalse();
        assertThat(seen.age()).isEqualTo(Duration.ofSeconds(12));
        snapshots.forget();
        snapshots.forget();
        assertThat(snapshots.latest().orElseThrow().age()).isEqualTo(Duration.ofSeconds(12));
        assertThat(snapshots.fresh(Duration.ofSeconds(5))).isEmpty();
        away = false;
        assertThat(snapshots.latest().orElseThrow().answered()).isTrue();
    }

    @Test
    void hasNothingToShowBeforeTheDatabaseHasAnsweredOnce() {
        away = true;

        assertThat(snapshots.latest()).isEmpty();
    }

    @Test
    void asksADatabaseThatHangsOnlyOnce() {
        gate = new CountDownLatch(1);

        assertThat(snapshots.latest()).isEmpty();
        assertThat(snapshots.latest()).isEmpty();

        assertThat(asked).hasValue(1);
    }

    /** It may have been queued a moment ago. */
    @Test
    void looksAgainForAMigrationThatItDoesNotKnow() {
        assertThat(shown()).isOne();

        assertThat(snapshots.find(1)).isPresent();
        assertThat(asked).hasValue(1);
        assertThat(snapshots.find(2)).isPresent();
        assertThat(snapshots.find(99)).isEmpty();
        assertThat(asked).as("nobody asks for what is not there").hasValue(2);
    }
}
