package org.registrybbm.migrations.gate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.NotFinishedException;
import org.registrybbm.migrations.failure.SchemaNotMigratedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.internal.tables.Database;
import org.registrybbm.migrations.internal.tables.GateQueries;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a program whether batched migrations are finished, so that it can refuse to start without them, or take another way through its
 * code as soon as they are.
 *
 * <p>Finished means that every batch is done, and no row is in quarantine. Where the work function says which rows are pending, it is
 * proved then that none is left.
 *
 * <p>It is thread-safe. Every method throws {@link SchemaNotMigratedException} if the tables are missing and {@link DatabaseException} if
 * the database cannot be asked.
 */
public final class Gate {
    private static final Logger LOGGER = LoggerFactory.getLogger(Gate.class);
    private static final Duration UNTOLD = Duration.ofSeconds(1);
    // No notification tells that a row was deleted.
    private static final Duration TOLD = Duration.ofSeconds(10);

    private final Database database;
    private final BooleanSupplier listens;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private volatile long news;
    private @Nullable Thread watch;

    /** What was known at a point of {@link System#nanoTime}, before which a number of news had come. */
    private record Known(boolean finished, long news, long at) {}

    private record Waiting(String name, Runnable action) {}

    /**
     * Creates a gate.
     *
     * @param dataSource connections to the database
     * @param listens whether {@link #tell} is called soon after a migration changes its status
     */
    public Gate(DataSource dataSource, BooleanSupplier listens) {
        this.database = new Database(dataSource);
        this.listens = listens;
    }

    /** Is called when any migration may have changed its status. What was known is then looked up again when it is asked for. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread tells; a lost update would still be a change.
    public void tell() {
        news++;
    }

    /**
     * Returns whether a migration is finished. The answer is remembered, so this may be called for every request. A change is seen within
     * about 1 second.
     *
     * @param name the migration
     * @throws UnknownMigrationException when there is no migration of this name
     */
    public boolean isFinished(String name) {
        Known last = known.get(name);
        if (last != null && last.news() == news && System.nanoTime() - last.at() < longest()) {
            return last.finished();
        }
        return look(name);
    }

    private long longest() {
        return (listens.getAsBoolean() ? TOLD : UNTOLD).toNanos();
    }

    private boolean look(String name) {
        // Both are read before the question: what happens while it is answered must make the answer old.
        long before = news;
        long at = System.nanoTime();
        boolean finished = looks(List.of(name)).get(0).isFinished();
        known.put(name, new Known(finished, before, at));
        return finished;
    }

    private List<GateQueries.Look> looks(Collection<String> names) {
        return database.read(
                "look whether batched migrations are finished",
                names,
                connection -> GateQueries.look(connection, GateQueries.FUNCTION, names.toArray(String[]::new), true));
    }

    /**
     * Returns what stands in the way of each migration that is not finished: its name, and how far it is or why it stands still.
     *
     * @param names the migrations
     * @throws UnknownMigrationException when there is no migration of a name
     */
    public Map<String, String> unfinished(Collection<String> names) {
        return names.isEmpty()
                ? Map.of()
                : looks(names).stream()
                        .filter(one -> !one.isFinished())
                        .collect(Collectors.toUnmodifiableMap(GateQueries.Look::name, GateQueries.Look::toString));
    }

    /**
     * Checks that migrations are finished.
     *
     * @param names the migrations
     * @throws NotFinishedException when one is not; the message names all of them and says how far they are
     * @throws UnknownMigrationException when there is no migration of a name
     */
    public void requireFinished(Collection<String> names) {
        Map<String, String> unfinished = unfinished(names);
        if (!unfinished.isEmpty()) {
            throw new NotFinishedException(unfinished.values().stream().sorted().collect(Collectors.joining("; ")));
        }
    }

    /**
     * Runs an action once, as soon as a migration is finished: at once in the calling thread if it is, else within about 1 second after it
     * is, in a daemon thread. If the database cannot be asked, that is later. If the process ends before, the action is not run.
     *
     * @param name the migration
     * @param action what to run; an exception that it throws in the daemon thread is logged
     * @throws UnknownMigrationException when there is no migration of this name
     */
    public void whenFinished(String name, Runnable action) {
        if (isFinished(name)) {
            action.run();
            return;
        }
        synchronized (waiting) {
            waiting.add(new Waiting(name, action));
            if (watch == null) {
                watch = new Thread(this::watch, "bbm-when-finished");
                watch.setDaemon(true);
                watch.start();
            }
        }
    }

    private void watch() {
        while (true) {
            List<Waiting> due = due();
            due.forEach(Gate::run);
            synchronized (waiting) {
                if (waiting.isEmpty()) {
                    watch = null;
                    return;
                }
            }
            try {
                TimeUnit.NANOSECONDS.sleep(UNTOLD.toNanos() / 2);
            } catch (InterruptedException e) {
                // Nobody but an action can have interrupted this thread, and that action is over.
                LOGGER.debug("an action has interrupted the thread that runs them", e);
            }
        }
    }

    private List<Waiting> due() {
        List<Waiting> all;
        synchronized (waiting) {
            all = List.copyOf(waiting);
        }
        List<Waiting> due = new ArrayList<>();
        for (Waiting one : all) {
            try {
                if (isFinished(one.name())) {
                    due.add(one);
                }
            } catch (RuntimeException e) {
                LOGGER.debug("could not look whether '{}' is finished; it is tried again", one.name(), e);
            }
        }
        synchronized (waiting) {
            for (Iterator<Waiting> each = waiting.iterator(); each.hasNext(); ) {
                Waiting one = each.next();
                if (due.stream().anyMatch(finished -> finished == one)) {
                    each.remove();
                }
            }
        }
        return due;
    }

    private static void run(Waiting finished) {
        try {
            finished.action().run();
        } catch (RuntimeException | Error e) {
            // Others wait in this thread too.
            LOGGER.error("the action for the end of '{}' failed", finished.name(), e);
        }
    }
}
