package org.registrybbm.migrations.verification;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.TransactionSettings;
import org.registrybbm.migrations.internal.rows.PendingSearch;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.running.Snapshot;
import org.registrybbm.migrations.internal.running.SnapshotQueries;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.Batch;
import org.registrybbm.migrations.work.WorkRegistry;

/** Reads the tables of one migration range by range and counts the pending rows. An instance is used once, by one thread. */
public final class VerificationScan implements AutoCloseable {
    private static final int SAMPLES = 10;
    private static final int COUNTED = 1_000;

    private final Connection connection;
    private final EngineSettings settings;
    private final WorkRegistry workRegistry;
    private final BatchedMigration migration;
    private final List<String> samples = new ArrayList<>();
    private @Nullable ResolvedMigration definition;
    private Deque<TargetTable> tables = new ArrayDeque<>();
    private List<Snapshot.Table> blocks = List.of();
    private @Nullable Snapshot snapshot;
    private long covered;
    private long left;
    private long unreadable;
    private @Nullable Failure failure;

    public VerificationScan(
            Connection connection, EngineSettings settings, WorkRegistry workRegistry, BatchedMigration migration) {
        this.connection = connection;
        this.settings = settings;
        this.workRegistry = workRegistry;
        this.migration = migration;
    }

    /** Returns how many rows were looked at so far. */
    public long covered() {
        return covered;
    }

    /** Returns how many pending rows were found so far. */
    public long left() {
        return left;
    }

    /** Returns for how many of them the condition itself failed, so that it is unknown whether they are done. */
    public long unreadable() {
        return unreadable;
    }

    /** Returns why the condition failed for one of them, or null when it never did. */
    public @Nullable Failure failure() {
        return failure;
    }

    /** Returns the text about the bounds of the migration that follows the word "row"; the empty text when it has no bounds. */
    public String bounds() {
        return definition == null ? "" : definition.bounds();
    }

    /** Returns a text, without row values, for an exception that {@link #next} threw. */
    public static String explain(Throwable thrown) {
        return SqlFailures.describe(FailureCode.UNKNOWN, thrown).message();
    }

    /** Returns whether the connection or the server is gone, so that no other migration can be verified either. */
    public static boolean isConnectionLost(SQLException thrown) {
        return SqlFailures.isConnectionLost(thrown);
    }

    /** Returns the keys of some of the pending rows, at most 10. */
    public List<String> samples() {
        return List.copyOf(samples);
    }

    /**
     * Reads the next range.
     *
     * @return false when everything was read
     * @throws InvalidDefinitionException when the work function does not say which rows are pending, or the definition is invalid
     */
    public boolean next() throws SQLException {
        if (!blocks.isEmpty()) {
            return nextBlocks();
        }
        return Jdbc.inTransaction(connection, tx -> {
            Jdbc.run(tx, TransactionSettings.reading(settings.timeouts()));
            return look(tx);
        });
    }

    /**
     * Reads the next blocks. All blocks are read as they were at one moment, because rows that move between blocks and partitions could be
     * missed otherwise.
     */
    private boolean nextBlocks() throws SQLException {
        Snapshot current = snapshot;
        if (current == null) {
            ResolvedMigration resolved = Objects.requireNonNull(definition);
            current = Snapshot.take(
                    connection, settings.timeouts(), new Snapshot.Looking(resolved, COUNTED, this::count), blocks);
            snapshot = current;
        }
        Snapshot.Then then =
                current.read(settings.targets().subBatch(), settings.timeouts().statement());
        covered = current.rowsRead();
        if (then == Snapshot.Then.MORE) {
            return true;
        }
        close();
        if (then == Snapshot.Then.ANOTHER_TABLE) {
            // A table was built anew in the meantime: start again with the tables that are there now.
            definition = null;
            left = 0;
            unreadable = 0;
            failure = null;
            samples.clear();
        }
        return then == Snapshot.Then.ANOTHER_TABLE;
    }

    /** Ends the transaction in which blocks are read. */
    @Override
    public void close() {
        if (snapshot != null) {
            snapshot.close();
            snapshot = null;
        }
        blocks = List.of();
    }

    private boolean look(Connection tx) throws SQLException {
        ResolvedMigration resolved = definition;
        if (resolved == null) {
            resolved = ResolvedMigration.resolve(tx, migration, workRegistry);
            resolved.requirePartitions(tx);
            tables = tables(tx, resolved);
            definition = resolved;
        }
        TargetTable target = tables.peek();
        if (target == null) {
            return false;
        }
        WalkedTable table = resolved.walked(tx, target, Treatment.PROVE);
        if (table.pendingRows().isEmpty()) {
            throw new InvalidDefinitionException(
                    FailureCode.PENDING_UNKNOWN,
                    "the work function '" + migration.definition().signature()
                            + "' does not say which rows are pending; override its method pending");
        }
        if (resolved.strategy().hasRanges()) {
            blocks = SnapshotQueries.files(tx, List.copyOf(tables));
            tables.clear();
        } else {
            Jdbc.run(tx, TransactionSettings.scan(settings.timeouts()));
            PendingSearch search = new PendingSearch(tx, table, COUNTED);
            if (!found(search, table.rows())) {
                search.everywhere();
                count(search);
            }
            tables.remove();
        }
        return true;
    }

    /** Searches many rows with one statement and counts the pending ones; returns false when the condition fails for one of the rows. */
    private boolean found(PendingSearch search, Batch rows) throws SQLException {
        boolean readable = search.ask(rows).isEmpty();
        if (readable) {
            count(search);
        }
        return readable;
    }

    private void count(PendingSearch search) {
        left += search.found().size() + search.unreadable().size();
        unreadable += search.unreadable().size();
        search.unreadable().values().stream().findFirst().ifPresent(first -> failure = first);
        Stream.concat(search.unreadable().keySet().stream(), search.found().stream())
                .limit(Math.max(0, SAMPLES - samples.size()))
                .forEach(samples::add);
    }

    private static Deque<TargetTable> tables(Connection tx, ResolvedMigration definition) throws SQLException {
        if (!definition.target().partitioned()) {
            return new ArrayDeque<>(List.of(definition.target()));
        }
        return new ArrayDeque<>(PartitionTree.leaves(tx, definition.target()));
    }
}
