package org.registrybbm.app.internal.page;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.registrybbm.migrations.status.Sample;

/** How fast a migration was from one sample to the next. */
final class Rates {
    /** Samples that are further apart have a time between them in which nobody worked. */
    private static final Duration PAUSE = Duration.ofMinutes(20);

    private Rates() {}

    /**
     * The rate of one step.
     *
     * @param at the end of the step
     * @param rowsPerSecond rows that were looked at, on average
     * @param connected whether the step before ends where this one begins
     */
    record Point(Instant at, double rowsPerSecond, boolean connected) {}

    /**
     * Returns a point for each step.
     *
     * @param samples the oldest first
     * @param most how many points at most; neighbours are taken together
     */
    static List<Point> of(List<Sample> samples, int most) {
        int together = Math.max(1, (samples.size() + most - 1) / most);
        List<Point> points = new ArrayList<>();
        boolean connected = false;
        for (int i = 0; i + 1 < samples.size(); i += together) {
            Sample from = samples.get(i);
            Sample to = samples.get(Math.min(i + together, samples.size() - 1));
            Duration time = Duration.between(from.at(), to.at());
            long rows = to.coveredTupleCount() - from.coveredTupleCount();
            if (rows < 0 || time.isZero() || time.compareTo(PAUSE.multipliedBy(together)) > 0) {
                connected = false;
                continue;
            }
            points.add(new Point(to.at(), rows * 1e9 / time.toNanos(), connected));
            connected = true;
        }
        return points;
    }
}
