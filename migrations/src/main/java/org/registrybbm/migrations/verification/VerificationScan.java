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
import org.registrybbm.migrations.internal.running.Snapshot;
import org.registrybbm.migrations.internal.running.SnapshotQueries;
import org.registrybbm.migrations.internal.strategy.PendingSearch;
import org.registrybbm.migrations.internal.strategy.Treatment;
import org.registrybbm.migrations.internal.strategy.WalkedTable;
import org.registrybbm.migrations.internal.walk.ResolvedMigration;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.Batch;
import org.registrybbm.migrations.work.WorkRegistry;

/** Reads the tables of one migration range by range and counts the rows that are not done. Used once, by one thread. */
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

    /** Rows looked at so far. */
    public long covered() {
        return covered;
    }

    /** Rows found that are not done. */
    public long left() {
        return left;
    }

    /** How many of them cannot even be asked whether they are done. */
    public long unreadable() {
        return unreadable;
    }

    /** Why one of those cannot be asked, or null. */
    public @Nullable Failure failure() {
        return failure;
    }

    /** Returns what bounds the rows that were looked at, to stand behind "row"; empty text for nothing. */
    public String bounds() {
        return definition == null ? "" : definition.bounds();
    }

    /** Says without row values what made {@link #next} throw. */
    public static String explain(SQLException thrown) {
        return SqlFailures.describe(FailureCode.UNKNOWN, thrown).message();
    }

    /** Returns whether the connection or the server is gone, so that no other migration can be looked at either. */
    public static boolean isConnectionLost(SQLException thrown) {
        return SqlFailures.isConnectionLost(thrown);
    }

    /** Keys of some of them. */
    public List<String> samples() {
        return List.copyOf(samples);
    }

    /**
     * Looks at the next range.
     *
     * @return false when there was none
     * @throws InvalidDefinitionException when nothing says what is not done
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

    /** Rows move between blocks and partitions, so all of them are read as of one moment. */
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
            // It is read anew, with whatever is there by now.
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
                            + "' does not say which rows are not done; override its method pending");
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

    /** Looks among many rows at once; false when one of them fails it. */
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
