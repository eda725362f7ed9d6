package org.registrybbm.migrations.internal.strategy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.rows.Places;
import org.registrybbm.migrations.settings.EngineSettings;

/**
 * Where the rows lie that a run of a batch job takes next, when it takes long to find them. An index keeps the entries of rows that are
 * done for as long as an old transaction may still see those as they were, and each search from its start steps over all of them. So one
 * that took long is made for many sub-batches: for as many rows as it takes about as long again to list.
 *
 * <p>Nothing is locked by it. What lies in these places may be done by the time that it is taken, or be another row: whoever takes it asks
 * once more.
 */
public final class Foresight {
    /** Some ten thousand entries are stepped over in it; a search that finds its rows at once takes a tenth of it. */
    private static final Duration LONG = Duration.ofMillis(2);

    private static final long NANOS_TO_LIST_ONE = 1_000;

    // They are kept in memory.
    private static final long MOST = 200_000;

    private final EngineSettings.Timeouts timeouts;
    private final GaplessKeys keys = new GaplessKeys();
    private Places places = Places.NONE;
    private Duration searched = Duration.ZERO;

    /** Knows nothing yet. */
    public Foresight(EngineSettings.Timeouts timeouts) {
        this.timeouts = timeouts;
    }

    /** Begins another sub-batch. */
    public void begin() {
        searched = Duration.ZERO;
    }

    /** Forgets everything, so that the next rows are searched from the start again. */
    public void forget() {
        places = Places.NONE;
    }

    /** Returns what is known of the keys that follow. */
    public GaplessKeys keys() {
        return keys;
    }

    boolean isEmpty() {
        return places.isEmpty();
    }

    /** Returns the next places, and knows those behind them from then on. */
    Places next(int rows) {
        Places next = places.first(rows);
        places = places.behind(rows);
        return next;
    }

    /** Returns how long it was searched in this sub-batch, while nothing was locked. */
    public Duration searched() {
        return searched;
    }

    /**
     * Looks for rows, and keeps in mind where they lie if that took long.
     *
     * @return whether there is any row
     */
    boolean search(Connection connection, String table, String condition, Wanted wanted) throws SQLException {
        long began = System.nanoTime();
        // Nothing is locked meanwhile, so it has more time; what is set for it is undone with the savepoint.
        Savepoint before = connection.setSavepoint();
        Jdbc.run(connection, TransactionSettings.scan(timeouts));
        wanted.patience().accept(timeouts.scan().multipliedBy(2));
        boolean found = !Places.find(connection, table, condition, "", 1).isEmpty();
        long took = System.nanoTime() - began;
        if (found && took > LONG.toNanos()) {
            long rows = Math.max(wanted.rows(), Math.min(MOST, took / NANOS_TO_LIST_ONE));
            places = Places.find(connection, table, condition, "", (int) rows);
        }
        connection.rollback(before);
        connection.releaseSavepoint(before);
        wanted.patience().accept(timeouts.subBatchLimit());
        searched = Duration.ofNanos(System.nanoTime() - began);
        return found;
    }
}
