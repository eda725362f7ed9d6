package org.registrybbm.app.internal.lifecycle;

import java.time.Duration;

/**
 * How long the parts of a replica may take to stop. Kubernetes kills a pod 30 s after it asked it to stop, and Docker a container after 10 s,
 * so the whole ends within 10 s. Parts stop one after the other, and only one that hangs takes its whole time.
 *
 * <p>The ladder begins below: a sub-batch that is under way is cut off after
 * {@link org.registrybbm.scheduler.BatchedMigrationScheduler.Builder#shutdownGrace} (3 s).
 */
public final class ShutdownTimes {
    /** What the scheduler is asked to keep to: the grace of a sub-batch, and handing its batch jobs back. */
    public static final Duration SCHEDULER_IS_ASKED = Duration.ofSeconds(6);

    /** When the scheduler is left alone, whatever it does. */
    public static final Duration SCHEDULER = Duration.ofMillis(6500);

    /** Closing a pool of connections. */
    public static final Duration POOL = Duration.ofSeconds(1);

    /** Sending what Sentry has not sent yet. */
    public static final Duration SENTRY = Duration.ofSeconds(2);

    /** When the process is ended, whatever hangs. */
    public static final Duration PROCESS = Duration.ofMillis(9500);

    private ShutdownTimes() {}
}
