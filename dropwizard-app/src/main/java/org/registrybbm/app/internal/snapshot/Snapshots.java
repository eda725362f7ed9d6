package org.registrybbm.app.internal.snapshot;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.status.Reason.Attention;
import org.registrybbm.migrations.status.StatusSnapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the state for everybody who looks: once a second at most, however many they are, and never while nobody looks. While nothing is at
 * work, once in 15 seconds is enough, as whatever somebody decides makes it read anew. While the database does not answer, those who look
 * get the last state with its age.
 */
public final class Snapshots implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Snapshots.class);
    private static final long WORKING_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long IDLE_NANOS = Duration.ofSeconds(15).toNanos();
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Supplier<StatusSnapshot> source;
    private final LongSupplier nanos;
    private final ThreadPoolExecutor reader;
    private final LongPredicate exists;
    private @Nullable Reading reading;
    private @Nullable Reading last;
    private @Nullable Reading outdated;
    private boolean stale;

    /** A reading that is under way or done. */
    private record Reading(long began, CompletableFuture<StatusSnapshot> result) {}

    /**
     * What somebody sees who looks now.
     *
     * @param snapshot the state
     * @param age how old it is
     * @param answered false if the database did not answer when it was asked for a newer one
     */
    public record Seen(StatusSnapshot snapshot, Duration age, boolean answered) {}

    /** A migration, and the state that it is from. */
    public record Found(Seen seen, MigrationOverview migration) {}

    /**
     * Describes what to read.
     *
     * @param source reads the state from the database
     * @param exists asks the database whether there is a migration with an id
     * @param nanos a clock that only goes forward
     */
    public Snapshots(Supplier<StatusSnapshot> source, LongPredicate exists, LongSupplier nanos) {
        this.source = source;
        this.exists = exists;
        this.nanos = nanos;
        this.reader = new ThreadPoolExecutor(
                1, 1, IDLE_NANOS * 2, TimeUnit.NANOSECONDS, new LinkedBlockingQueue<>(), Snapshots::thread);
        reader.allowCoreThreadTimeOut(true);
    }

    /** Returns what to see now; empty if the database has not answered yet. */
    public Optional<Seen> latest() {
        Reading shown = known();
        if (shown != null && isFresh(shown, shown.result().join())) {
            return Optional.of(new Seen(shown.result().join(), age(shown), true));
        }
        Reading newer = next();
        boolean answered = await(newer);
        Reading now = answered ? newer : known();
        return now == null
                ? Optional.empty()
                : Optional.of(new Seen(now.result().join(), age(now), answered));
    }

    /**
     * Returns a migration, which may have been queued since the last look.
     *
     * @param id its id
     * @return the migration and the state that it is from; empty if there is none, or if the database does not answer
     */
    public Optional<Found> find(long id) {
        return latest().flatMap(seen -> find(seen, id))
                .or(() -> exists.test(id)
                        ? anew().flatMap(snapshot -> find(new Seen(snapshot, Duration.ZERO, true), id))
                        : Optional.empty());
    }

    /** Reads once more. A reading that is under way may have begun too early. */
    private Optional<StatusSnapshot> anew() {
        long asked = nanos.getAsLong();
        Reading newer = next();
        if (newer.began() < asked && await(newer)) {
            Reading unused = known();
            newer = next();
        }
        return await(newer) ? Optional.of(newer.result().join()) : Optional.empty();
    }

    private static Optional<Found> find(Seen seen, long id) {
        return seen.snapshot().migrations().stream()
                .filter(one -> one.migration().id() == id)
                .findFirst()
                .map(one -> new Found(seen, one));
    }

    /** Returns a state that is not older than this; empty if the database does not answer, because an old one would look new. */
    public Optional<StatusSnapshot> fresh(Duration most) {
        Reading shown = known();
        if (shown != null && !isStale() && age(shown).compareTo(most) < 0) {
            return Optional.of(shown.result().join());
        }
        Reading newer = next();
        return await(newer) ? Optional.of(newer.result().join()) : Optional.empty();
    }

    /** Makes the next look read anew, because something was changed. */
    public synchronized void forget() {
        stale = true;
        // One that is under way may have read before the change.
        outdated = reading;
    }

    private synchronized @Nullable Reading known() {
        Reading under = reading;
        if (under != null && under.result().isDone() && !under.result().isCompletedExceptionally()) {
            last = under;
            reading = null;
            stale = under == outdated;
        }
        return last;
    }

    private synchronized Reading next() {
        Reading under = reading;
        if (under == null || under.result().isCompletedExceptionally()) {
            under = new Reading(nanos.getAsLong(), CompletableFuture.supplyAsync(source, reader));
            reading = under;
        }
        return under;
    }

    private synchronized boolean isStale() {
        return stale;
    }

    private boolean isFresh(Reading shown, StatusSnapshot snapshot) {
        if (isStale()) {
            return false;
        }
        boolean working = snapshot.migrations().stream()
                .anyMatch(one -> one.reason().code().attention() == Attention.AT_WORK);
        return nanos.getAsLong() - shown.began() < (working ? WORKING_NANOS : IDLE_NANOS);
    }

    private Duration age(Reading shown) {
        return Duration.ofNanos(Math.max(0, nanos.getAsLong() - shown.began()));
    }

    private static boolean await(Reading newer) {
        try {
            StatusSnapshot unused = newer.result().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException e) {
            LOGGER.debug("the state could not be read", e.getCause());
        } catch (TimeoutException e) {
            LOGGER.debug("the state could not be read in time");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    @Override
    public void close() {
        reader.shutdownNow();
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "bbm-snapshot-reader");
        thread.setDaemon(true);
        return thread;
    }
}
