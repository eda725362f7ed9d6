package org.registrybbm.app.internal.lifecycle;

import io.dropwizard.lifecycle.Managed;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds the time that something managed may take to stop. A database that does not answer must not keep a process alive.
 *
 * @param what the name of the managed part in the log
 * @param bound how long its stop may take before it is left alone
 * @param managed what is started and stopped
 */
public record Bounded(String what, Duration bound, Managed managed) implements Managed {
    private static final Logger LOGGER = LoggerFactory.getLogger(Bounded.class);

    /** Returns something managed that only has to be closed. */
    public static Bounded stopping(String what, Duration bound, AutoCloseable closeable) {
        return new Bounded(what, bound, new Managed() {
            @Override
            public void stop() throws Exception {
                closeable.close();
            }
        });
    }

    @Override
    public void start() throws Exception {
        managed.start();
    }

    @Override
    public void stop() {
        CountDownLatch stopped = new CountDownLatch(1);
        Thread thread = new Thread(() -> stopNow(stopped), "stop-" + what);
        thread.setDaemon(true);
        thread.start();
        try {
            if (!stopped.await(bound.toMillis(), TimeUnit.MILLISECONDS)) {
                LOGGER.warn("the {} did not stop within {} s; the process ends without it", what, bound.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stopNow(CountDownLatch stopped) {
        try {
            managed.stop();
        } catch (Exception e) {
            LOGGER.warn("the {} did not stop cleanly; the process ends without it", what, e);
        } finally {
            stopped.countDown();
        }
    }
}
