package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** After a tenth of the work, the true end lies within the range that is told, in nine of ten runs. */
class PaceTest {
    private static final double STEP = 10;
    private static final int RUNS = 200;

    @Test
    void isUnknownBeforeThereAreSteps() {
        assertThat(Pace.of(List.of(), Optional.of(100L))).isEmpty();
        assertThat(Pace.of(List.of(new Pace.Step(10, 5_000)), Optional.of(100L)).orElseThrow())
                .isEqualTo(new Pace(500, Optional.empty()));
    }

    @Test
    void hasNoRangeWhereNobodyKnowsHowManyRowsAreLeftOrNothingMoves() {
        List<Pace.Step> steps = List.of(new Pace.Step(10, 100), new Pace.Step(10, 100), new Pace.Step(10, 100));
        assertThat(Pace.of(steps, Optional.empty()).orElseThrow().left()).isEmpty();
        List<Pace.Step> still = List.of(new Pace.Step(10, 0), new Pace.Step(10, 0), new Pace.Step(10, 0));
        assertThat(Pace.of(still, Optional.of(10L)).orElseThrow()).isEqualTo(new Pace(0, Optional.empty()));
    }

    @Test
    void takesSlowMinutesIntoAccount() {
        List<Pace.Step> steps = new ArrayList<>();
        for (int minute = 0; minute < 10; minute++) {
            for (int i = 0; i < 6; i++) {
                steps.add(new Pace.Step(STEP, minute < 2 ? 100 : 1_000));
            }
        }

        Pace pace = Pace.of(steps, Optional.of(10_000L)).orElseThrow();

        assertThat(pace.rowsPerSecond()).isEqualTo(82);
        assertThat(pace.left().orElseThrow().least().toSeconds()).isEqualTo(32);
        assertThat(pace.left().orElseThrow().most().toSeconds()).isEqualTo(469);
    }

    /** A run of many minutes, whose rate at each part of the work is a multiple of the usual one, with noise. */
    private static boolean isTold(Random random, DoubleUnaryOperator rate, double doubtOfTotal) {
        long rows = 20_000_000;
        List<Pace.Step> steps = new ArrayList<>();
        double covered = 0;
        double seconds = 0;
        double toldAt = -1;
        Optional<Pace> told = Optional.empty();
        while (covered < rows) {
            double now = 5_000 * rate.applyAsDouble(covered / rows) * Math.exp(0.2 * random.nextGaussian());
            covered += now * STEP;
            seconds += STEP;
            steps.add(new Pace.Step(STEP, Math.round(now * STEP)));
            if (toldAt < 0 && covered >= rows / 10.0) {
                toldAt = seconds;
                long expected = Math.round(rows * (1 + doubtOfTotal * (random.nextDouble() - 0.5)));
                told = Pace.of(
                        steps.subList(Math.max(0, steps.size() - 90), steps.size()),
                        Optional.of(Math.max(1, expected - Math.round(covered))));
            }
        }
        Pace.Range range = told.orElseThrow().left().orElseThrow();
        double left = seconds - toldAt;
        return left >= range.least().toSeconds() && left <= range.most().toSeconds();
    }

    @ParameterizedTest
    @ValueSource(strings = {"even", "waves", "denser", "bursts", "parts"})
    void tellsTheEndInNineOfTenRuns(String kind) {
        Random random = new Random(kind.hashCode());
        int right = 0;
        for (int run = 0; run < RUNS; run++) {
            double phase = random.nextDouble();
            double[] parts = random.doubles(40, 1, 8).toArray();
            DoubleUnaryOperator rate = switch (kind) {
                case "waves" -> done -> 1 + 0.4 * Math.sin(2 * Math.PI * (30 * done + phase));
                case "denser" -> done -> 1.05 - 0.1 * done;
                case "bursts" -> done -> (int) (done * 200 + phase * 5) % 5 == 0 ? 0.4 : 1.1;
                case "parts" -> done -> 2 / parts[(int) (done * parts.length)];
                default -> done -> 1;
            };
            right += isTold(random, rate, 0.1) ? 1 : 0;
        }

        assertThat(right).isGreaterThanOrEqualTo(RUNS * 9 / 10);
    }
}
