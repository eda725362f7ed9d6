package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.spi.Retention;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the engine's tables small, in a thread of its own. It looks rarely whether there is anything to do, and then does it step by step.
 * In between it is at rest, so that it takes no more than a small share of what the database can do.
 */
final class Housekeeper implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Housekeeper.class);

    /** The longest time between two looks. A fleet of 100 replicas then looks once in four minutes or so. */
    private static final Duration LONGEST = Duration.ofHours(6);

    /** The longest time until the first look. It lets the other threads of the replica start, and spreads the looks of a fleet. */
    private static final Duration LONGEST_FIRST = Duration.ofMinutes(10);

    private static final Duration BETWEEN_STEPS = Duration.ofSeconds(1);
    private static final Duration LOCKED = Duration.ofSeconds(10);

    private final Dispatcher dispatcher;
    private final Duration interval;
    private volatile boolean closed;
    private final Thread thread = new Thread(this::run, "bbm-housekeeper");

    Housekeeper(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
        this.interval = least(dispatcher.engine().settings().retention().dividedBy(10), LONGEST);
        thread.setDaemon(true);
    }

    /** Starts the thread, unless everything is to be kept. */
    void start() {
        if (!interval.isZero()) {
            thread.start();
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    private void run() {
        try {
            rest(random(least(interval, LONGEST_FIRST), 0, 1));
            while (!closed) {
                rest(
                        switch (step()) {
                            case NOTHING -> random(interval, 0.5, 1.5);
                            case MORE -> BETWEEN_STEPS;
                            case LOCKED -> LOCKED;
                        });
            }
        } catch (InterruptedException e) {
            // Only close() interrupts.
            LOGGER.debug("the housekeeper ends");
        }
    }

    private Retention.Step step() {
        if (dispatcher.isStopping()) {
            return Retention.Step.NOTHING;
        }
        try {
            return dispatcher.engine().retention().step();
        } catch (SchemaNotMigratedException e) {
            LOGGER.debug("nothing is folded while the schema is that of the release before", e);
        } catch (DatabaseException e) {
            LOGGER.warn("{}; the next look tries again, and nothing else waits for it", e.getMessage());
            LOGGER.debug("nothing was folded", e);
        } catch (Throwable e) {
            LOGGER.error("records of finished migrations could not be made smaller; the next look tries again", e);
        }
        return Retention.Step.NOTHING;
    }

    private static void rest(Duration time) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(time.toMillis());
    }

    /** Returns a time multiplied by a random number between two. */
    private static Duration random(Duration time, double least, double most) {
        return Duration.ofMillis(
                Math.round(time.toMillis() * ThreadLocalRandom.current().nextDouble(least, most)));
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
