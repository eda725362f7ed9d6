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
 * Looks for work in a thread of its own, one in each replica. It looks soon after the database reports that a migration was changed, and
 * from time to time without a report. If it may find something, it takes a turn, in which the dispatcher plans and stores triggers. It
 * depends neither on Quartz's triggers nor on the coordinators of other replicas, so none of them can hold it up if it is lost or stuck.
 */
final class Coordinator implements Presence.Listener, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Coordinator.class);

    /** The time between a turn and the next one that takes more batch jobs. It lets the other replicas get their share. */
    private static final Duration STEP = Duration.ofMillis(50);

    /** The time until the next turn after one that took nothing because another replica was planning. */
    private static final Duration OUTPLANNED = Duration.ofMillis(100);

    /** The longest time without a turn while every worker is busy. Turns also finish and fail migrations and try batch jobs again. */
    private static final Duration LONGEST_BUSY = Duration.ofSeconds(5);

    /** The longest time without a turn while nothing is active. */
    private static final Duration LONGEST_IDLE = Duration.ofSeconds(60);

    /** The longest time until the next turn after one that met something that a look cannot see, such as a row that somebody has locked. */
    private static final Duration UNSETTLED = Duration.ofSeconds(5);

    /** About the longest time without a turn while looks see nothing new. It is limited because looks do not see every change. */
    private static final Duration LONGEST_WITHOUT_NEWS = Duration.ofMinutes(4);

    /**
     * While anything is active, the time between two looks is this many times the interval, because most replicas may have nothing to do.
     */
    private static final double RARER = 3;

    /** As a slot for samples is long. */
    private static final Duration BETWEEN_SAMPLES = Duration.ofSeconds(10);

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
    private long lastSample;
    private Duration patience = UNSETTLED;

    Coordinator(Dispatcher dispatcher, Duration interval) {
        this.dispatcher = dispatcher;
        this.engine = dispatcher.engine();
        this.interval = interval;
        thread.setDaemon(true);
        dispatcher.onMore(calls::release);
    }

    /** Starts the thread, which takes its first turn at once. */
    void start() {
        thread.start();
    }

    /** Returns whether the database and Quartz's store have answered lately. */
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
            sample();
            try {
                called = calls.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
                if (called && dispatcher.isBusy()) {
                    // Idle replicas go first.
                    TimeUnit.MILLISECONDS.sleep(STEP.toMillis());
                }
                calls.drainPermits();
            } catch (InterruptedException e) {
                // Only close() interrupts.
                return;
            }
        }
    }

    /** Records how far the migrations are that this replica works on, so that people can be told how fast that goes. */
    private void sample() {
        if (failing || !dispatcher.isBusy() || System.nanoTime() - lastSample < BETWEEN_SAMPLES.toNanos()) {
            return;
        }
        lastSample = System.nanoTime();
        try {
            engine.status().sample();
        } catch (DatabaseException e) {
            LOGGER.debug("no sample was taken", e);
        }
    }

    /** Takes a turn if one is due. Returns how long to wait before the next look, if nobody calls earlier. */
    private Duration look(boolean called) {
        if (dispatcher.isStopping()) {
            return interval;
        }
        try {
            Duration pause = isTurnDue(called) ? turn() : jittered(pauseBetweenLooks());
            failing = false;
            return pause;
        } catch (SchemaNotMigratedException | DatabaseException | SchedulerException e) {
            // Whatever the turn was for is still to be done, although the tables look the same.
            prospects.forget();
            tell(e);
        } catch (Throwable e) {
            prospects.forget();
            // Everything is caught, because without this thread the replica would not start anything any more.
            LOGGER.error("a turn of the coordinator failed; the next turn tries again", e);
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
        // This turn is taken without a look at the tables, so there is no look to remember its result for.
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

    /**
     * Returns whether the tables look as if a turn may find something. A look is cheap, but a turn costs dozens of statements, and most
     * replicas may have nothing to do.
     */
    private boolean isNews() {
        boolean news = prospects.isNews(engine.planner().outlook());
        heard();
        return news;
    }

    /** Notes that the database answered. While turns fail, that does not count, because the failure may be in Quartz's store. */
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
                            ? "it has no direct session, so if it dies, the other replicas wait until its leases expire"
                            : "a direct session shows the other replicas that it is alive");
        }
        everSound = true;
        idle = turn.active() == 0;
        if (!turn.more()) {
            return jittered(pauseBetweenLooks());
        }
        return turn.taken() > 0 ? STEP : OUTPLANNED;
    }

    /** Returns how long to wait between two looks. While nothing is active and there is a presence, the presence looks instead. */
    private Duration pauseBetweenLooks() {
        if (idle) {
            return engine.presence().session() != null ? LONGEST_IDLE : interval;
        }
        return Duration.ofNanos(Math.round(interval.toNanos() * RARER));
    }

    /** Logs the first failure in a row only, so that an outage does not fill the log. */
    private void tell(Exception e) {
        if (!failing && !dispatcher.isStopping()) {
            LOGGER.warn("a turn of the coordinator failed; it is tried again until it succeeds: {}", e.getMessage());
        }
        failing = true;
        LOGGER.debug("a turn of the coordinator failed", e);
    }

    private static Duration jittered(Duration duration) {
        double factor = 1 + ThreadLocalRandom.current().nextDouble(-JITTER, JITTER);
        return Duration.ofNanos(Math.round(duration.toNanos() * factor));
    }
}
