package org.registrybbm.scheduler.chaos;

/** The wall clock of a replica whose classes came through {@link ClockLoader}: the machine's, and as far off as a fault says. */
public final class ReplicaClock {
    private static volatile long offsetMillis;

    private ReplicaClock() {}

    /** Stands for {@link System#currentTimeMillis}. */
    public static long currentTimeMillis() {
        return System.currentTimeMillis() + offsetMillis;
    }

    /** Lets it jump to so many milliseconds before or after the machine's. */
    static void jumpTo(long millis) {
        offsetMillis = millis;
    }
}
