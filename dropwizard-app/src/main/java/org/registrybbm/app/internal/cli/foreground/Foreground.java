package org.registrybbm.app.internal.cli.foreground;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.registrybbm.migrations.model.StopSignal;

/**
 * Runs the work of a command so that a signal (Ctrl-C, SIGTERM) stops it in good order: the work ends its current step and says how far it
 * got.
 */
public final class Foreground {
    private static final Duration PATIENCE = Duration.ofSeconds(7);

    private Foreground() {}

    /**
     * Runs the work in the calling thread.
     *
     * @param work what to do until it is done or stopped, including its last message
     * @param tooLate what to print if the work does not stop within 7 s of a signal
     */
    public static void run(Consumer<StopSignal> work, String tooLate) {
        AtomicBoolean stopping = new AtomicBoolean();
        CountDownLatch done = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(stopping, done, tooLate), "background-migrate-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            work.accept(stopping::get);
        } finally {
            done.countDown();
            if (!stopping.get()) {
                Runtime.getRuntime().removeShutdownHook(hook);
            }
        }
    }

    private static void stop(AtomicBoolean stopping, CountDownLatch done, String tooLate) {
        stopping.set(true);
        try {
            if (!done.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println(tooLate);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
