package org.registrybbm.migrations.internal.sizing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.BatchSizing;

class SubBatchSizesTest {
    private static final Duration TARGET = Duration.ofMillis(500);
    private static final int FIRST = 1_000;

    private final SubBatchSizes sizes = new SubBatchSizes(FIRST, TARGET, BatchSizing.Bounds.NONE);

    /** Runs sub-batches whose time in microseconds follows from their size, and returns the size of the next one. */
    private int run(int times, int size, double changed, IntToLongFunction micros) {
        int next = size;
        for (int i = 0; i < times; i++) {
            next = sizes.next(
                    next, next, Math.round(next * changed), Duration.ofNanos(micros.applyAsLong(next) * 1_000));
        }
        return next;
    }

    @Test
    void growsToWhatIsChangedWithinTheTarget() {
        assertThat(run(12, FIRST, 1, size -> size * 5L)).isBetween(90_000, 110_000);
    }

    @Test
    void doesNotGrowOverRowsThatAreRightAlreadyBeyondWhatCouldBeChanged() {
        int changing = run(12, FIRST, 1, size -> size * 5L);

        assertThat(run(20, changing, 0, size -> size / 2)).isBetween(90_000, 110_000);
    }

    @Test
    void staysSmallWhereNothingWasChangedYet() {
        assertThat(run(20, FIRST, 0, size -> size / 2)).isEqualTo(20_000);
    }

    @Test
    void doesNotShrinkForAFewRowsThatWereChangedAmongMany() {
        int changing = run(12, FIRST, 1, size -> size * 5L);

        assertThat(run(20, changing, 0.01, size -> size * 2L)).isGreaterThanOrEqualTo(90_000);
    }

    @Test
    void takesAFifthOfTheTargetWhileOtherSessionsWaitAndSomeTimeLonger() {
        int undisturbed = run(12, FIRST, 1, size -> size * 5L);
        sizes.awaited(true);
        int awaited = run(4, undisturbed, 1, size -> size * 5L);
        for (int i = 0; i < 19; i++) {
            sizes.awaited(false);
        }
        int stillShort = run(4, awaited, 1, size -> size * 5L);
        sizes.awaited(false);
        int again = run(4, stillShort, 1, size -> size * 5L);

        assertThat(undisturbed).isBetween(90_000, 110_000);
        assertThat(awaited).isBetween(18_000, 22_000);
        assertThat(stillShort).isBetween(18_000, 22_000);
        assertThat(again).isBetween(90_000, 110_000);
    }

    @Test
    void doesNotShrinkForOthersWhereAFixedCostIsMostOfTheTime() {
        sizes.awaited(true);

        assertThat(run(40, 100_000, 1, rows -> 600_000L + rows * 5L) * 5L).isGreaterThan(25_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {600, 2_000, 10_000})
    void doesNotShrinkToOneRowWhereAFixedCostIsMostOfTheTime(int fixedMillis) {
        int size = run(40, 100_000, 1, rows -> fixedMillis * 1_000L + rows * 5L);

        assertThat(size * 5L).isGreaterThan(TARGET.toNanos() / 1_000 / 4);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 100})
    void growsFromAFewRowsWhereAFixedCostIsMoreThanTheTarget(int first) {
        int size = run(40, first, 1, rows -> 2_000_000 + rows * 5L);

        assertThat(size * 5L).isGreaterThan(TARGET.toNanos() / 1_000 / 4);
    }

    @Test
    void triesMoreThanOneRowSeldomWhereEachTakesLong() {
        int several = 0;
        int size = 1;
        for (int i = 0; i < 200; i++) {
            size = sizes.next(size, size, size, Duration.ofSeconds(4L * size));
            several += size > 1 ? 1 : 0;
        }

        assertThat(several).isBetween(1, 4);
    }

    @Test
    void isCutOffAfterAFewTimesTheTarget() {
        assertThat(sizes.limit(1_000, Duration.ofSeconds(30))).isEqualTo(Duration.ofMillis(1_500));
        assertThat(sizes.limit(1, Duration.ofSeconds(30))).isEqualTo(Duration.ofSeconds(30));
        assertThat(sizes.limit(1_000, Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void hasMoreTimeWhereOneRowTakesLong() {
        sizes.next(1, 1, 1, Duration.ofSeconds(4));

        assertThat(sizes.limit(2, Duration.ofSeconds(30))).isEqualTo(Duration.ofSeconds(12));
    }

    @Test
    void keepsTheSizeThatTheMigrationSays() {
        SubBatchSizes fixed = new SubBatchSizes(500, TARGET, new BatchSizing.Bounds(500, 500));

        assertThat(fixed.next(500, 500, 500, Duration.ofSeconds(60))).isEqualTo(500);
        assertThat(fixed.next(500, 500, 500, Duration.ofMillis(1))).isEqualTo(500);
    }
}
