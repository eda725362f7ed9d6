package org.registrybbm.scheduler;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.quartz.SchedulerException;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.spi.Presence;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for work in each replica, from a thread of its own: soon after the database tells that a migration was changed, and from time to
 * time without being told. It needs neither Quartz's triggers nor the other replicas' coordinators, so none of them that is lost, stuck
 * or frozen can hold it up.
 */
final class Coordinator implements Presence.Listener, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Coordinator.class);

    /** Between a turn and the next one that takes more, so that the other replicas get their share. */
    private static final Duration STEP = Duration.ofMillis(50);

    /** Until the next turn where another replica was planning. */
    private static final Duration OUTPLANNED = Duration.ofMillis(100);

    /** The longest without a turn while every worker is busy: a migration may be finished, failed or retried meanwhile. */
    private static final Duration LONGEST_BUSY = Duration.ofSeconds(5);

    /** The longest without a turn while nothing is active. */
    private static final Duration LONGEST_IDLE = Duration.ofSeconds(60);

    /** From a turn that met what no look sees, as a row that somebody has locked, to the next one. */
    private static final Duration UNSETTLED = Duration.ofSeconds(5);

    /** About the longest without a turn while looks see nothing new: there are changes that none sees. */
    private static final Duration LONGEST_WITHOUT_NEWS = Duration.ofMinutes(4);

    /** While others work, looks are so much rarer: most of a fleet may have nothing to do. */
    private static final double RARER = 3;

    private static final Duration SOUND_FOR = Duration.ofSeconds(15);
    private static final double JITTER = 0.2;

    private final Dispatcher dispatcher;
    private final BatchedMigrations engine;
    private final Duration interval;
    private final Thread thread = new Thread(this::run, "bbm-coordinator");
    private final Semaphore calls = new Semaphore(0);
    private final Prospects prospects = new Prospects();
    private volatile boolean closed;
    private volatile boolean everSound;
    private volatile long lastSound;
    private volatile boolean failing;
    private volatile boolean idle;
    private long lastTurn;
    private Duration patience = UNSETTLED;

    Coordinator(Dispatcher dispatcher, Duration interval) {
        this.dispatcher = dispatcher;
        this.engine = dispatcher.engine();
        this.interval = interval;
        thread.setDaemon(true);
        dispatcher.onMore(calls::release);
    }

    /** Takes the first turn at once. */
    void start() {
        thread.start();
    }

    /** Returns whether the database and Quartz's store answered lately. */
    boolean isSound() {
        return everSound && System.nanoTime() - lastSound < Math.max(SOUND_FOR.toNanos(), interval.toNanos() * 3);
    }

    @Override
    public void told() {
        calls.release();
    }

    @Override
    public void answered(boolean work) {
        heard();
        if (work && idle) {
            calls.release();
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    private void run() {
        boolean called = true;
        while (!closed) {
            Duration pause = look(called);
            try {
                called = calls.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
                if (called && dispatcher.isBusy()) {
                    // Those that are idle go first.
                    TimeUnit.MILLISECONDS.sleep(STEP.toMillis());
                }
                calls.drainPermits();
            } catch (InterruptedException e) {
                // Only close() interrupts.
                return;
            }
        }
    }

    /** Returns how long to wait before the next look, unless called. */
    private Duration look(boolean called) {
        if (dispatcher.isStopping()) {
            return interval;
        }
        try {
            Duration pause = isTurnDue(called) ? turn() : jittered(pauseBetweenLooks());
            failing = false;
            return pause;
        } catch (SchemaNotMigratedException | DatabaseException | SchedulerException e) {
            // What the turn was for is still to be done, though the tables look the same.
            prospects.forget();
            tell(e);
        } catch (Throwable e) {
            prospects.forget();
            // Whatever it is: without this thread the replica starts nothing any more.
            LOGGER.error("a turn of the coordinator failed, the next one tries again", e);
        }
        return jittered(interval);
    }

    private boolean isTurnDue(boolean called) throws SchedulerException {
        long since = System.nanoTime() - lastTurn;
        if (called || !everSound) {
            prospects.forget();
            return isNews();
        }
        if (!idle && dispatcher.free() > 0) {
            return isNews() || since > patience.toNanos();
        }
        // Without a look at the tables, nobody knows what they looked like when the turn was taken.
        prospects.forget();
        if (!idle) {
            return since > LONGEST_BUSY.toNanos();
        }
        if (since > LONGEST_IDLE.toNanos() || engine.planner().hasWork()) {
            return true;
        }
        heard();
        return false;
    }

    /** A turn costs dozens of statements, and most of a fleet may have nothing to do. */
    private boolean isNews() {
        boolean news = prospects.isNews(engine.planner().outlook());
        heard();
        return news;
    }

    /** Notes an answer of the engine's tables. While turns fail, it proves nothing, because Quartz's store may be what fails. */
    private void heard() {
        if (!failing) {
            lastSound = System.nanoTime();
        }
    }

    private Duration turn() throws SchedulerException {
        Dispatcher.Turn turn = dispatcher.turn();
        lastTurn = System.nanoTime();
        patience = turn.settled() ? jittered(LONGEST_WITHOUT_NEWS) : UNSETTLED;
        if (turn.taken() > 0) {
            prospects.forget();
        } else if (turn.more() || turn.awaited()) {
            prospects.leftOpen();
        } else if (turn.settled()) {
            prospects.foundNothing(engine.planner()::outlook);
        }
        lastSound = lastTurn;
        if (!everSound) {
            LOGGER.info(
                    "replica {} works on batched migrations with {} workers; {} are active; {}",
                    engine.replica(),
                    dispatcher.workers(),
                    turn.active(),
                    engine.presence().session() == null
                            ? "it has no direct session, so that the other replicas wait for its leases to expire if it dies"
                            : "a direct session shows the other replicas that it is alive");
        }
        everSound = true;
        idle = turn.active() == 0;
        if (!turn.more()) {
            return jittered(pauseBetweenLooks());
        }
        return turn.taken() > 0 ? STEP : OUTPLANNED;
    }

    /** While nothing is active and the presence listens, it also looks, so that this need not. */
    private Duration pauseBetweenLooks() {
        if (idle) {
            return engine.presence().session() != null ? LONGEST_IDLE : interval;
        }
        return Duration.ofNanos(Math.round(interval.toNanos() * RARER));
    }

    /** Says it once: an outage is not to fill the log. */
    private void tell(Exception e) {
        if (!failing && !dispatcher.isStopping()) {
            LOGGER.warn("the coordinator's turn failed, it is tried again until it goes well: {}", e.getMessage());
        }
        failing = true;
        LOGGER.debug("the coordinator's turn failed", e);
    }

    private static Duration jittered(Duration duration) {
        double factor = 1 + ThreadLocalRandom.current().nextDouble(-JITTER, JITTER);
        return Duration.ofNanos(Math.round(duration.toNanos() * factor));
    }
}
