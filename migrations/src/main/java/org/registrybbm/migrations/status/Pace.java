package org.registrybbm.migrations.status;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How fast a migration was over its last quarter of an hour at work, and how long it will take if it goes on like this.
 *
 * @param rowsPerSecond rows that were looked at, on average
 * @param left how long the rest of the first pass of changes takes, without the proof that follows; empty if too little is known
 */
public record Pace(double rowsPerSecond, Optional<Range> left) {
    private static final int LEAST_STEPS = 4;
    private static final int LEAST_STRETCHES = 3;
    private static final double STALLED_SECONDS = 800;

    // What is known of the number of rows is an estimate of PostgreSQL, which is seldom off by more.
    private static final double DOUBT = 0.1;

    /**
     * A range of times, in which the true one lies in about nine of ten cases. The slowness of rows that were not looked at yet is not
     * known: a table whose other half takes ten times as long takes longer.
     *
     * @param least the shortest of them
     * @param most the longest of them
     */
    public record Range(Duration least, Duration most) {}

    /**
     * What was done between two samples that follow each other.
     *
     * @param seconds the time between them, more than 0
     * @param rows the rows that were looked at meanwhile, 0 or more
     */
    record Step(double seconds, long rows) {}

    /**
     * Computes the pace.
     *
     * @param steps the steps of the last quarter of an hour at work, in their order
     * @param rowsLeft about how many rows are left; empty if nobody knows
     * @return empty if there are no steps
     */
    static Optional<Pace> of(List<Step> steps, Optional<Long> rowsLeft) {
        double seconds = steps.stream().mapToDouble(Step::seconds).sum();
        if (seconds <= 0) {
            return Optional.empty();
        }
        double average = steps.stream().mapToLong(Step::rows).sum() / seconds;
        Optional<Range> left = rowsLeft.filter(rows -> steps.size() >= LEAST_STEPS && average > 0)
                .map(rows -> range(steps, rows, average));
        return Optional.of(new Pace(average, left));
    }

    /** Returns whether no row was looked at in a quarter of an hour at work. Some samples may be missing. */
    static boolean isStalled(List<Step> steps) {
        return steps.stream().mapToDouble(Step::seconds).sum() >= STALLED_SECONDS
                && steps.stream().allMatch(step -> step.rows() == 0);
    }

    /** The time that the rest takes at the average, and as much less and more as the steps differ from each other. */
    private static Range range(List<Step> steps, long rows, double average) {
        double middle = rows / average;
        double factor = 1 + DOUBT + deviation(steps, rows, average) / middle;
        return new Range(seconds(middle / factor), seconds(middle * factor));
    }

    /**
     * Returns by how many seconds the rest may take longer or shorter. Neighbouring steps are alike, as they work on neighbouring rows, so
     * that many steps say less than they seem to. Therefore the stretches that are compared have each length of which there are enough, and
     * the largest deviation counts. This is the method of batch means (A. M. Law, Simulation Modeling and Analysis, chapter 9).
     */
    private static double deviation(List<Step> steps, long rows, double average) {
        return IntStream.rangeClosed(1, Math.max(1, steps.size() / LEAST_STRETCHES))
                .mapToDouble(length -> deviation(stretches(steps, length), (double) rows, average))
                .max()
                .orElse(0);
    }

    /**
     * The prediction interval of a sum, where the rest is as many more stretches as it has rows: {@code s} is the standard deviation of the
     * time that a stretch took from the time that its rows take at the average, {@code n} the number of stretches, and {@code k} that of
     * those to come. Then the deviation is {@code t s sqrt(k^2 / n + k)}.
     */
    private static double deviation(List<Step> stretches, double rows, double average) {
        int n = stretches.size();
        double squares = stretches.stream()
                .mapToDouble(one -> one.seconds() - one.rows() / average)
                .map(difference -> difference * difference)
                .sum();
        double rowsOfOne = stretches.stream().mapToDouble(Step::rows).average().orElse(0);
        double k = rowsOfOne == 0 ? 0 : rows / rowsOfOne;
        return quantile(n - 1) * Math.sqrt(squares / (n - 1)) * Math.sqrt(k * k / n + k);
    }

    /** Student's t for 19 of 20, two-sided, to within 3 percent for two degrees of freedom and more. */
    private static double quantile(int degrees) {
        return 1.96 + 2.4 / degrees + 4.6 / ((double) degrees * degrees);
    }

    /** Takes steps together. Those that are too few for another stretch at the end are left out. */
    private static List<Step> stretches(List<Step> steps, int length) {
        return IntStream.range(0, steps.size() / length)
                .mapToObj(i -> steps.subList(i * length, (i + 1) * length))
                .map(some -> new Step(
                        some.stream().mapToDouble(Step::seconds).sum(),
                        some.stream().mapToLong(Step::rows).sum()))
                .toList();
    }

    private static Duration seconds(double seconds) {
        return Duration.ofSeconds(Math.round(seconds));
    }
}
