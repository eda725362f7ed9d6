package org.registrybbm.app.internal.lifecycle;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends the process if stopping it takes too long, so that no orchestrator has to kill it. */
public final class ShutdownWatchdog {
    /** The exit code of a process that SIGTERM has killed. */
    private static final int TERMINATED = 143;

    private ShutdownWatchdog() {}

    /** Watches the shutdown of this process. */
    public static void install(Duration bound) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> watch(bound), "shutdown-watchdog-start"));
    }

    // The hook itself returns at once, because the process ends only when every hook has returned.
    private static void watch(Duration bound) {
        Thread thread = new Thread(() -> haltAfter(bound), "shutdown-watchdog");
        thread.setDaemon(true);
        thread.start();
    }

    private static void haltAfter(Duration bound) {
        try {
            if (!new CountDownLatch(1).await(bound.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println("stopping took more than " + bound.toSeconds() + " s; the process ends now");
                Runtime.getRuntime().halt(TERMINATED);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
