package org.registrybbm.migrations.status;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * How fast a migration was over its last quarter of an hour at work, and how long it will take if it goes on like this.
 *
 * @param rowsPerSecond rows that were looked at, on average
 * @param left how long the rest of the first pass of changes takes, without the proof that follows; empty if too little is known
 */
public record Pace(double rowsPerSecond, Optional<Range> left) {
    private static final int LEAST_STEPS = 3;
    private static final int STEPS_TOGETHER = 6;
    private static final double STALLED_SECONDS = 800;
    private static final double LOW = 0.1;
    private static final double HIGH = 0.9;

    // What is known of the number of rows is an estimate of PostgreSQL, which is seldom off by more.
    private static final double DOUBT = 0.1;

    /**
     * A range of times.
     *
     * @param least if it goes on as fast as in the fastest tenth of the time before
     * @param most if it goes on as slowly as in the slowest tenth
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
     * @param steps the steps of the last quarter of an hour at work, in any order
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

    /**
     * Steps of one minute are taken together, as batches end and begin in between. The average counts as well: a few slow minutes among
     * many fast ones make the whole no slower than they do.
     */
    private static Range range(List<Step> steps, long rows, double average) {
        double[] rates = DoubleStream.iterate(0, i -> i < steps.size(), i -> i + STEPS_TOGETHER)
                .map(i -> rate(steps.subList((int) i, (int) Math.min(steps.size(), i + STEPS_TOGETHER))))
                .sorted()
                .toArray();
        double slow = Math.min(average, rates[(int) Math.floor(LOW * (rates.length - 1))]);
        double fast = Math.max(average, rates[(int) Math.ceil(HIGH * (rates.length - 1))]);
        // A rate of 0 would be no end at all.
        double slowest = Math.max(slow, average / 10);
        return new Range(seconds(rows * (1 - DOUBT) / fast), seconds(rows * (1 + DOUBT) / slowest));
    }

    private static double rate(List<Step> steps) {
        return steps.stream().mapToLong(Step::rows).sum()
                / steps.stream().mapToDouble(Step::seconds).sum();
    }

    private static Duration seconds(double seconds) {
        return Duration.ofSeconds(Math.round(seconds));
    }
}
