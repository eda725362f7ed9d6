package org.registrybbm.migrations.internal.sizing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.model.BatchSizing;

class SizingTest {
    @ParameterizedTest(name = "{0} rows in {2} ms become {3}")
    @CsvSource({
        "1000, 1000, 500, 1000",
        "1000, 1000, 250, 2000",
        "1000, 1000, 1, 2000",
        "1000, 1000, 0, 2000",
        "1000, 1000, 1000, 500",
        "1000, 1000, 60000, 500",
        "1000, 10, 1, 1000",
        "1000, 10, 60000, 500",
        "1, 1, 60000, 1",
        "900000, 900000, 1, 1000000",
        "1000000, 1000000, 1, 1000000"
    })
    void scalesSubBatchesByTimeWithinTwiceAndHalf(int size, long covered, long millis, int next) {
        assertThat(Sizing.nextSubBatch(
                        size, covered, Duration.ofMillis(millis), Duration.ofMillis(500), BatchSizing.Bounds.NONE))
                .isEqualTo(next);
    }

    @ParameterizedTest
    @CsvSource({
        "30000, 100, 100",
        "15000, 100, 200",
        "1, 100, 1000",
        "60000, 100, 50",
        "999999, 1, 1",
        "1, 900000, 9000000",
        "1, 90000000, 100000000"
    })
    void scalesBatchesByTimeUpToTenfold(long millis, long covered, long next) {
        assertThat(Sizing.nextBatch(covered, Duration.ofMillis(millis), Duration.ofSeconds(30)))
                .isEqualTo(next);
    }

    @ParameterizedTest(name = "{0} rows, {1} left, {2} lanes, at least {3}: {4}")
    @CsvSource({
        "1000, 100000, 4, 10, 1000",
        "1000, 6000, 4, 10, 1000",
        "1000, 3000, 4, 10, 500",
        "1000, 8, 4, 10, 10",
        "5, 8, 4, 10, 5",
        "1000, 100, 1, 10, 1000",
        "1000, 0, 4, 10, 1000",
        "1000, -5, 4, 10, 1000"
    })
    void sharesOutWhatIsLeft(long rows, long left, int lanes, long least, long next) {
        assertThat(Sizing.shared(rows, left, lanes, least)).isEqualTo(next);
    }

    @ParameterizedTest
    @CsvSource({"1000, 500", "4, 2", "3, 1", "1, 1"})
    void halvesAfterAFailure(int size, int next) {
        assertThat(Sizing.afterFailure(size)).isEqualTo(next);
    }
}
