package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.Date;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.quartz.SchedulerException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps Quartz honest, from a thread of its own in each replica: puts the standing jobs and the coordinator's trigger back when they
 * are lost or stuck, and takes a coordinator's turn itself, as a stuck trigger cannot repair itself.
 */
final class Reconciler implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Reconciler.class);
    // The trigger also stands still while every worker is busy, which is no fault; replacing it then does no harm.
    private static final int PATIENCE = 4;
    private static final double JITTER = 0.2;

    private final Dispatcher dispatcher;
    private final Duration interval;
    private final ScheduledExecutorService thread;
    private volatile long lastSound;
    private volatile boolean everSound;
    private @Nullable Date lastNext;
    private int turnsWithoutFiring;

    Reconciler(Dispatcher dispatcher, Duration interval) {
        this.dispatcher = dispatcher;
        this.interval = interval;
        this.thread = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread daemon = new Thread(work, "bbm-reconciler");
            daemon.setDaemon(true);
            return daemon;
        });
    }

    /** Takes the first turn at once. */
    void start() {
        thread.execute(this::turnAndGoOn);
    }

    /** Returns whether a turn went well within the last three intervals. */
    boolean isSound() {
        return everSound && System.nanoTime() - lastSound < interval.toNanos() * 3;
    }

    private void turnAndGoOn() {
        try {
            turn();
        } finally {
            double factor = 1 + ThreadLocalRandom.current().nextDouble(-JITTER, JITTER);
            if (!thread.isShutdown()) {
                thread.schedule(this::turnAndGoOn, Math.round(interval.toMillis() * factor), TimeUnit.MILLISECONDS);
            }
        }
    }

    private void turn() {
        try {
            watchCoordinator(dispatcher.triggers());
            if (dispatcher.coordinate()) {
                lastSound = System.nanoTime();
                everSound = true;
            }
        } catch (SchedulerException | RuntimeException e) {
            if (!dispatcher.isStopping()) {
                LOGGER.warn(
                        "the reconciler's turn failed, the next one tries again in {} s: {}",
                        interval.toSeconds(),
                        e.getMessage());
                LOGGER.debug("the reconciler's turn failed", e);
            }
        }
    }

    /** A trigger whose next firing stands still is stuck, in whatever state Quartz shows it; no clock is compared. */
    private void watchCoordinator(Triggers triggers) throws SchedulerException {
        Date next = triggers.ensureStanding();
        turnsWithoutFiring = next.equals(lastNext) ? turnsWithoutFiring + 1 : 0;
        lastNext = next;
        long patience = PATIENCE + 2 * triggers.jobInterval().toMillis() / interval.toMillis();
        if (turnsWithoutFiring >= patience) {
            LOGGER.debug("the coordinator's trigger has not fired for {} turns; it gets a new one", turnsWithoutFiring);
            triggers.replaceCoordinator();
            turnsWithoutFiring = 0;
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
