package org.registrybbm.app.internal.metrics;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.status.MigrationOverview;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the state of all migrations for scrapes: at most once in 5 s, however many scrapes there are. A scrape waits for 2 s at most. While
 * the database does not answer, there are no values, because old ones would look new.
 */
public final class Overviews implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Overviews.class);
    private static final long FRESH_NANOS = Duration.ofSeconds(5).toNanos();
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Supplier<List<MigrationOverview>> source;
    private final LongSupplier nanos;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(Overviews::thread);
    private @Nullable Future<List<MigrationOverview>> reading;
    private long readAt;

    /**
     * Describes what to read.
     *
     * @param source reads the overviews from the database
     * @param nanos a clock that only goes forward
     */
    public Overviews(Supplier<List<MigrationOverview>> source, LongSupplier nanos) {
        this.source = source;
        this.nanos = nanos;
    }

    /** Returns all migrations, or none while the database does not answer. */
    public List<MigrationOverview> current() {
        try {
            return reading().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            LOGGER.debug("no progress for this scrape", e.getCause());
        } catch (TimeoutException e) {
            LOGGER.debug("no progress for this scrape: the database did not answer in time");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return List.of();
    }

    private synchronized Future<List<MigrationOverview>> reading() {
        Future<List<MigrationOverview>> last = reading;
        boolean usable = last != null && (!last.isDone() || nanos.getAsLong() - readAt < FRESH_NANOS);
        if (last == null || !usable) {
            last = reader.submit(source::get);
            reading = last;
            readAt = nanos.getAsLong();
        }
        return last;
    }

    @Override
    public void close() {
        reader.shutdownNow();
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "bbm-progress-reader");
        thread.setDaemon(true);
        return thread;
    }
}
