package org.registrybbm.app.internal.page.view;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.registrybbm.migrations.status.Sample;

/** How fast a migration was from one sample to the next. */
final class Rates {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration TWO_DAYS = Duration.ofDays(2);

    private Rates() {}

    /**
     * The rate of a step between two samples, or of some steps that follow each other.
     *
     * @param at the end of the step
     * @param rowsPerSecond rows that were looked at, on average
     * @param connected whether the step before ends where this one begins
     */
    record Point(Instant at, double rowsPerSecond, boolean connected) {}

    /**
     * Returns the points of a line.
     *
     * @param samples the oldest first
     * @param most about how many points at most; neighbours are taken together
     */
    static List<Point> of(List<Sample> samples, int most) {
        int together = Math.max(1, (samples.size() + most - 1) / most);
        List<Point> points = new ArrayList<>();
        boolean connected = false;
        for (int first = 0; first + 1 < samples.size(); ) {
            int last = first;
            while (last < first + together && last + 1 < samples.size() && isStep(samples, last)) {
                last++;
            }
            if (last == first) {
                connected = false;
                first++;
            } else {
                points.add(point(samples.get(first), samples.get(last), connected));
                connected = true;
                first = last;
            }
        }
        return points;
    }

    private static Point point(Sample from, Sample to, boolean connected) {
        double seconds = Duration.between(from.at(), to.at()).toNanos() / 1e9;
        return new Point(to.at(), (to.coveredTupleCount() - from.coveredTupleCount()) / seconds, connected);
    }

    /** Returns whether a replica worked all the time from one sample to the next. Old samples are thinned out. */
    private static boolean isStep(List<Sample> samples, int index) {
        Sample from = samples.get(index);
        Sample to = samples.get(index + 1);
        Duration age = Duration.between(to.at(), samples.get(samples.size() - 1).at());
        int seconds = age.compareTo(HOUR) < 0 ? 10 : age.compareTo(TWO_DAYS) < 0 ? 60 : 900;
        Duration time = Duration.between(from.at(), to.at());
        return to.coveredTupleCount() >= from.coveredTupleCount()
                && !time.isZero()
                && time.toMillis() < seconds * 2_500L;
    }
}
