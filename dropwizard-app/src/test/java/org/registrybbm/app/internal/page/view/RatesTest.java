package org.registrybbm.app.internal.page.view;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.status.Sample;

class RatesTest {
    private static final Instant START = Instant.parse("2027-01-31T00:00:00Z");

    private static Sample sample(long second, long rows) {
        return new Sample(START.plusSeconds(second), rows, rows);
    }

    @Test
    void isRowsPerSecondAndBreaksAtAPause() {
        List<Rates.Point> points = Rates.of(
                List.of(sample(0, 0), sample(10, 100), sample(20, 300), sample(600, 310), sample(610, 810)), 100);

        assertThat(points).extracting(Rates.Point::rowsPerSecond).containsExactly(10.0, 20.0, 50.0);
        assertThat(points).extracting(Rates.Point::connected).containsExactly(false, true, false);
    }

    @Test
    void takesNeighboursTogetherButNotOverAPause() {
        Stream<Sample> before = LongStream.range(0, 50).mapToObj(n -> sample(n * 10, n * 100));
        Stream<Sample> after = LongStream.range(0, 50).mapToObj(n -> sample(5_000 + n * 10, 5_000 + n * 300));

        List<Rates.Point> points = Rates.of(Stream.concat(before, after).toList(), 20);

        assertThat(points).hasSizeBetween(18, 22);
        assertThat(points).extracting(Rates.Point::rowsPerSecond).containsOnly(10.0, 30.0);
        assertThat(points).filteredOn(point -> !point.connected()).hasSize(2);
    }

    @Test
    void hasNoRateBelowZeroWhenAMigrationBeginsAnew() {
        assertThat(Rates.of(List.of(sample(0, 1_000), sample(10, 0), sample(20, 50)), 10))
                .extracting(Rates.Point::rowsPerSecond)
                .containsExactly(5.0);
    }

    /** Samples of the hours before are a minute apart. */
    @Test
    void knowsThatOldSamplesAreFurtherApart() {
        List<Sample> samples = Stream.concat(
                        LongStream.range(0, 10).mapToObj(n -> sample(n * 60, n * 600)),
                        Stream.of(sample(20_000, 9_000), sample(20_010, 9_100)))
                .toList();

        assertThat(Rates.of(samples, 100)).hasSize(10).allMatch(point -> point.rowsPerSecond() == 10);
    }
}
