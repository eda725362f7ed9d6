package org.registrybbm.app.internal.webhook;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How long to wait between the tries of a message: 5 s, then twice as long each time up to an hour, and each up to a fifth shorter or
 * longer.
 *
 * @param random returns numbers from 0 to 1
 */
record Backoff(DoubleSupplier random) {
    private static final double FIRST_MILLIS = Duration.ofSeconds(5).toMillis();
    private static final double LONGEST_MILLIS = Duration.ofHours(1).toMillis();
    private static final double LEAST = 0.8;
    private static final double SPREAD = 0.4;

    /** Returns how long to wait after a try, from 1. */
    Duration after(int attempt) {
        double millis = Math.min(LONGEST_MILLIS, FIRST_MILLIS * Math.pow(2, attempt - 1));
        return Duration.ofMillis(Math.round(millis * (LEAST + SPREAD * random.getAsDouble())));
    }
}
