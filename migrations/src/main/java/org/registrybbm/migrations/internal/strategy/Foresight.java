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
 * Remembers where the rows are that a run of a batch job takes next, if finding them takes long. An index keeps the entries of rows that
 * are done for as long as an old transaction may still see the old versions, and each search from the start of the index steps over all of
 * these entries. So a search that took long lists rows for many sub-batches: as many as can be listed in about the same time again.
 *
 * <p>The places are not locked. By the time that a place is used, its row may be done, or another row may be there. So the caller must
 * check the condition again.
 */
public final class Foresight {
    /** In this time a search steps over some ten thousand entries. A search that finds its rows at once takes a tenth of it. */
    private static final Duration LONG = Duration.ofMillis(2);

    private static final long NANOS_TO_LIST_ONE = 1_000;

    // The places are kept in memory.
    private static final long MOST = 200_000;

    private final EngineSettings.Timeouts timeouts;
    private final GaplessKeys keys = new GaplessKeys();
    private Places places = Places.NONE;
    private Duration searched = Duration.ZERO;

    /** Creates an instance that knows no places yet. */
    public Foresight(EngineSettings.Timeouts timeouts) {
        this.timeouts = timeouts;
    }

    /** Must be called at the beginning of each sub-batch. */
    public void begin() {
        searched = Duration.ZERO;
    }

    /** Forgets all places, so that the next search begins at the start of the index again. */
    public void forget() {
        places = Places.NONE;
    }

    /** Returns what is known about gaps between the keys that follow. */
    public GaplessKeys keys() {
        return keys;
    }

    boolean isEmpty() {
        return places.isEmpty();
    }

    /** Returns the next places, at most as many as given, and removes them from the list. */
    Places next(int rows) {
        Places next = places.first(rows);
        places = places.behind(rows);
        return next;
    }

    /** Returns how long the search of this sub-batch took, during which no row was locked; zero if there was none. */
    public Duration searched() {
        return searched;
    }

    /**
     * Searches for rows that meet a condition. If that takes long, it remembers where they are.
     *
     * @return whether there is any such row
     */
    boolean search(Connection connection, String table, String condition, Wanted wanted) throws SQLException {
        long began = System.nanoTime();
        // The search locks no row, so it is given more time. The rollback to the savepoint undoes its settings.
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
