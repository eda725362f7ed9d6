package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.NetworkLimit;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.quarantine.SparedQueries;
import org.registrybbm.migrations.internal.rows.PendingSearch;
import org.registrybbm.migrations.internal.rows.Places;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.strategy.BlockBatching;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.Batch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the tables of a migration as they were at one moment, by ranges of blocks. A row that moves to a block that was read already is
 * still found where it was at that moment. Between two ranges the snapshot holds no lock on the tables, so whoever alters a table waits for
 * one range at most. While it is open, PostgreSQL keeps every row version that has died since. This is its price, and the reason to close
 * it as soon as it is no longer needed.
 */
public final class Snapshot implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Snapshot.class);

    private static final long FIRST_PIECE = 16;
    // 1 GiB in blocks of 8 KiB.
    private static final long LARGEST_PIECE = 131_072;
    // As for a sub-batch: whatever takes several times its target keeps a pause waiting.
    private static final int PATIENCE = 3;

    private final Connection connection;
    private final NetworkLimit network;
    private final Savepoint begin;
    private final ResolvedMigration definition;
    private final Consumer<PendingSearch> finder;
    private final int most;
    private final Deque<Table> tables;
    private @Nullable Place place;
    private long piece = FIRST_PIECE;
    private long reading;
    private long blocksRead;
    private long rowsRead;
    private boolean lost;

    /**
     * A table and its file. A table that was rewritten has another file.
     *
     * @param file the number of the file, or null if the table is gone
     */
    public record Table(TargetTable target, @Nullable Long file) {}

    /** How far a table has been read. */
    private record Place(Table table, WalkedTable walked, StatisticsQueries.Heap heap, long next) {}

    /** What follows after a range of blocks. */
    public enum Then {
        /** There are more ranges, or the same one is read again in halves. */
        MORE,
        /** Nothing. */
        END,
        /** The table was rewritten or dropped, so rows no longer lie where they were seen, and nobody knows what the range held. */
        ANOTHER_TABLE
    }

    /**
     * What to search for.
     *
     * @param most how many rows of a range to search for at most
     * @param finder gets the result for each range: pending rows, and rows for which the condition fails
     */
    public record Looking(ResolvedMigration definition, int most, Consumer<PendingSearch> finder) {}

    private Snapshot(Connection connection, NetworkLimit network, Looking looking, List<Table> tables)
            throws SQLException {
        this.connection = connection;
        this.network = network;
        this.definition = looking.definition();
        this.most = looking.most();
        this.finder = looking.finder();
        this.tables = new ArrayDeque<>(tables);
        this.begin = connection.setSavepoint();
    }

    /**
     * Takes the snapshot now.
     *
     * @param connection a connection in auto-commit mode, which it is in again after the snapshot is closed
     * @param tables the tables as another transaction found them before; a table that is rewritten after that is noticed
     */
    public static Snapshot take(
            Connection connection, EngineSettings.Timeouts timeouts, Looking looking, List<Table> tables)
            throws SQLException {
        NetworkLimit network = NetworkLimit.atMost(connection, NetworkLimit.SHORT);
        try {
            connection.setAutoCommit(false);
            Jdbc.run(connection, TransactionSettings.snapshot(timeouts));
            return new Snapshot(connection, network, looking, tables);
        } catch (Throwable e) {
            giveBack(connection);
            network.close();
            throw e;
        }
    }

    /** Returns the connection that reads, for whoever watches it. */
    Connection connection() {
        return connection;
    }

    /** Returns how many blocks were read so far, of all tables together. */
    long blocksRead() {
        return blocksRead;
    }

    /** Returns about how many rows were read so far. */
    public long rowsRead() {
        return rowsRead;
    }

    /** Returns whether the connection is gone, and the snapshot with it. */
    boolean isLost() {
        return lost;
    }

    /**
     * Reads the next range. The size of the following one depends on how long this one took. A range that was cut off is read again in
     * halves.
     *
     * @param target how long a range should take; a range may take up to three times as long
     * @param longest how long a range of a single block may take
     */
    public Then read(Duration target, Duration longest) throws SQLException {
        long began = System.nanoTime();
        try {
            Then then = look(target.multipliedBy(PATIENCE), longest);
            leave();
            piece = sized(Duration.ofNanos(System.nanoTime() - began), target);
            return then;
        } catch (SQLException e) {
            leave(e);
            if (reading <= 1 || SqlFailures.isLockWait(e) || !SqlFailures.isWorthSmaller(e)) {
                throw e;
            }
            piece = reading / 2;
            return Then.MORE;
        }
    }

    private Then look(Duration limit, Duration longest) throws SQLException {
        reading = 0;
        Place at = place;
        if (at == null) {
            if (tables.isEmpty()) {
                return Then.END;
            }
            at = open(tables.element());
            place = at;
        }
        reading = size(at.heap());
        Duration least = reading == 1 || longest.compareTo(limit) < 0 ? longest : limit;
        Jdbc.run(connection, "SET LOCAL statement_timeout = " + least.toMillis());
        long last = Math.min(at.heap().blocks(), at.next() + reading) - 1;
        Optional<PendingSearch> search = last < at.next() ? Optional.empty() : Optional.of(search(at, last));
        // The search has locked the table until the range is left.
        if (!isSameFile(at.table())) {
            return Then.ANOTHER_TABLE;
        }
        search.ifPresent(finder);
        blocksRead += last + 1 - at.next();
        rowsRead += rows(at, last);
        if (last + 1 < at.heap().blocks()) {
            place = new Place(at.table(), at.walked(), at.heap(), last + 1);
            return Then.MORE;
        }
        place = null;
        tables.remove();
        return tables.isEmpty() ? Then.END : Then.MORE;
    }

    /** Returns how many blocks the next range has, within the bounds of the migration's sub-batches. */
    private long size(StatisticsQueries.Heap heap) {
        long rows = definition.migration().sizing().subBatches().clamp(Math.round(piece * heap.rowsPerBlock()));
        return Math.max(1, Math.min(piece, Math.round(rows / heap.rowsPerBlock())));
    }

    private Place open(Table table) throws SQLException {
        return new Place(
                table,
                definition.walkedForProof(connection, table.target()),
                StatisticsQueries.heap(connection, table.target()),
                0);
    }

    private PendingSearch search(Place at, long last) throws SQLException {
        String range = Places.inBlocks("", at.next(), last);
        WalkedTable seen =
                at.walked().within(connection, new SparedQueries.Range(range, Optional.empty(), rows(at, last)));
        PendingSearch search = new PendingSearch(connection, seen, most);
        Batch rows = BlockBatching.rows(seen, at.next(), last).and(definition::isWithinBounds);
        search.inBlocks(rows, at.next(), last);
        return search;
    }

    private static long rows(Place at, long last) {
        return Math.round((last + 1 - at.next()) * at.heap().rowsPerBlock());
    }

    private boolean isSameFile(Table table) throws SQLException {
        return table.file() != null
                && SnapshotQueries.files(connection, List.of(table.target())).equals(List.of(table));
    }

    private long sized(Duration took, Duration target) {
        if (took.compareTo(target) > 0) {
            return Math.max(1, reading / 2);
        }
        return took.multipliedBy(2).compareTo(target) < 0 ? Math.min(LARGEST_PIECE, piece * 2) : piece;
    }

    /** Gives up the locks of the range but keeps the snapshot. */
    private void leave() throws SQLException {
        connection.rollback(begin);
    }

    private void leave(SQLException why) throws SQLException {
        try {
            leave();
        } catch (SQLException e) {
            lost = true;
            SQLException gone =
                    new SQLException("the connection that read the tables as of one moment is gone", "08006", why);
            gone.addSuppressed(e);
            throw gone;
        }
    }

    @Override
    public void close() {
        giveBack(connection);
        network.close();
    }

    private static void giveBack(Connection connection) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            LOGGER.debug("the connection that read the tables as of one moment was gone before it was given back", e);
        }
    }
}
