package org.registrybbm.app.internal.lifecycle;

import java.time.Duration;

/**
 * Lists how long the parts of a replica may take to stop. Docker kills a container 10 s after it asked it to stop, and Kubernetes a pod
 * after 30 s, so everything ends within 10 s. Parts stop one after the other, and only a part that hangs takes its whole time.
 *
 * <p>The shortest time is set elsewhere: a sub-batch that is under way is cut off after {@link
 * org.registrybbm.scheduler.BatchedMigrationScheduler.Builder#shutdownGrace} (3 s).
 */
public final class ShutdownTimes {
    /** The time that the scheduler is given to end or cut off sub-batches and to hand its batch jobs back. */
    public static final Duration SCHEDULER_IS_ASKED = Duration.ofSeconds(6);

    /** The time after which the scheduler is left alone, whatever it still does. */
    public static final Duration SCHEDULER = Duration.ofMillis(6500);

    /** The time to close a pool of connections. */
    public static final Duration POOL = Duration.ofSeconds(1);

    /** The time to send what Sentry has not sent yet. */
    public static final Duration SENTRY = Duration.ofSeconds(2);

    /** The time after which the process is ended, whatever hangs. */
    public static final Duration PROCESS = Duration.ofMillis(9500);

    private ShutdownTimes() {}
}
