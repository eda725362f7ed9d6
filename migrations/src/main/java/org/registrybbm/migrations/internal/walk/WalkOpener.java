package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.registrybbm.migrations.internal.catalog.CatalogQueries;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.TableNames;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;
import org.registrybbm.migrations.internal.registry.RegistryLockQueries;
import org.registrybbm.migrations.internal.tables.EventQueries;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the walks of one migration: one over its table, or one over each leaf partition. */
public record WalkOpener(Connection connection, ResolvedMigration definition) {
    private static final Logger LOGGER = LoggerFactory.getLogger(WalkOpener.class);

    /**
     * Looks at the table and all of its partitions, and opens the walks of the first pass that are missing, for example because a partition
     * was attached. This is done only when a migration begins and when all its batch jobs are done: for many partitions, it takes longer
     * than the rest of a plan.
     *
     * @return whether any walk was missing
     */
    public boolean openFirst() throws SQLException {
        definition.requirePartitions(connection);
        List<WalkQueries.Opened> opened = opened(Walk.Kind.CHANGE, 1);
        if (opened.stream().anyMatch(WalkQueries.Opened::onlyTable)) {
            followTable(opened.get(0));
            return false;
        }
        if (!definition.target().partitioned() || opened.isEmpty() && isSharedWithRegistry()) {
            open(List.of(definition.target()), Walk.Kind.CHANGE, 1, true);
            return true;
        }
        if (opened.isEmpty()) {
            warn();
        }
        List<TargetTable> leaves = PartitionTree.leaves(connection, definition.target());
        Set<Long> there = leaves.stream().map(TargetTable::oid).collect(Collectors.toSet());
        Set<Long> known = tables(opened);
        if (!known.containsAll(there) && !there.containsAll(known)) {
            // A partition that disappeared and one that appeared may be the same partition, rebuilt under its name.
            new Relocation(connection, definition).ofRebuiltTables();
            opened = opened(Walk.Kind.CHANGE, 1);
        }
        Map<Long, String> names = opened.stream()
                .collect(Collectors.toMap(WalkQueries.Opened::table, WalkQueries.Opened::name, (one, other) -> one));
        TableNames.rename(
                connection,
                id(),
                leaves.stream()
                        .filter(leaf -> !leaf.table().equals(names.getOrDefault(leaf.oid(), leaf.table())))
                        .toList());
        return openMissing(leaves, names.keySet(), Walk.Kind.CHANGE, 1);
    }

    /**
     * Continues with another table of the same name if a walk goes over the migration's own table and that was rebuilt.
     *
     * @return whether there is any walk
     */
    public boolean follow() throws SQLException {
        Optional<WalkQueries.Opened> any = WalkQueries.firstOpened(connection, id());
        if (any.isPresent() && any.get().onlyTable()) {
            followTable(any.get());
        }
        return any.isPresent();
    }

    private void followTable(WalkQueries.Opened only) throws SQLException {
        if (only.table() == definition.target().oid()) {
            return;
        }
        new Relocation(connection, definition).ofRebuiltTables();
        for (Walk walk : WalkQueries.all(connection, id(), Walk.Kind.CHANGE, 1)) {
            WalkQueries.moveTo(connection, walk, definition.target());
        }
    }

    private List<WalkQueries.Opened> opened(Walk.Kind kind, int pass) throws SQLException {
        return WalkQueries.opened(connection, id(), kind, pass);
    }

    private static Set<Long> tables(List<WalkQueries.Opened> opened) {
        return opened.stream().map(WalkQueries.Opened::table).collect(Collectors.toSet());
    }

    /** Opens the walks that are missing; returns whether there were any. */
    private boolean openMissing(List<TargetTable> leaves, Set<Long> known, Walk.Kind kind, int pass)
            throws SQLException {
        List<TargetTable> missing =
                leaves.stream().filter(leaf -> !known.contains(leaf.oid())).toList();
        open(missing, kind, pass, false);
        return !missing.isEmpty();
    }

    private void open(List<TargetTable> tables, Walk.Kind kind, int pass, boolean onlyTable) throws SQLException {
        boolean skipsEmpty =
                !onlyTable && kind != Walk.Kind.RETRY && definition.strategy().hasRanges();
        WalkQueries.open(connection, id(), tables, new WalkQueries.Opening(kind, pass, onlyTable, skipsEmpty));
    }

    /** Warns once about rows that may be missed without anybody noticing while the migration runs. */
    private void warn() throws SQLException {
        if (definition.strategy().followsKey() && !definition.saysWhatIsPending(connection)) {
            String warning = "rows that the application moves to another partition of "
                    + definition.target().table()
                    + " while it runs may be changed twice or not at all, because the work function '"
                    + definition.migration().definition().signature()
                    + "' does not say which rows are pending; if the application does that, let the work function say it";
            LOGGER.warn("'{}': {}", definition.migration().name(), warning);
            EventQueries.record(connection, id(), new EventQueries.Event("warned", warning));
        }
    }

    /**
     * Returns whether a partitioned table must be walked as a whole. What the container registry has begun over the parent is finished over
     * the parent. And if its software may continue after this engine, each batch job must say how far all partitions are done, because that
     * software knows nothing else.
     */
    private boolean isSharedWithRegistry() throws SQLException {
        return WalkQueries.hasForeignJobs(connection, id())
                || definition.strategy().followsKey()
                        && definition.target().key().isInteger()
                        && CatalogQueries.isWalkable(connection, definition.target())
                        && RegistryLockQueries.isTakenOver(connection).orElse(false);
    }

    /** Opens a later pass over every table that has a walk of the first pass. */
    public void openPass(int pass) throws SQLException {
        List<WalkQueries.Opened> first = opened(Walk.Kind.CHANGE, 1);
        Set<Long> known = tables(opened(Walk.Kind.CHANGE, pass));
        if (first.stream().anyMatch(WalkQueries.Opened::onlyTable)) {
            if (!known.contains(first.get(0).table())) {
                open(List.of(definition.target()), Walk.Kind.CHANGE, pass, true);
            }
            return;
        }
        Set<Long> walked = tables(first);
        boolean unused = openMissing(
                PartitionTree.leaves(connection, definition.target()).stream()
                        .filter(leaf -> walked.contains(leaf.oid()))
                        .toList(),
                known,
                Walk.Kind.CHANGE,
                pass);
    }

    /** Opens a proof over the migration's table with all of its partitions. */
    public boolean openProof() throws SQLException {
        int pass = WalkQueries.lastPass(connection, id(), Walk.Kind.VERIFY) + 1;
        open(List.of(definition.target()), Walk.Kind.VERIFY, pass, true);
        return true;
    }

    /**
     * Opens a pass over the tables that hold quarantined rows to be tried again.
     *
     * @return whether there was anything to open
     */
    public boolean openRetries() throws SQLException {
        List<Long> tables = new ArrayList<>(QuarantineQueries.tablesToRetry(connection, id()));
        if (tables.isEmpty()) {
            return false;
        }
        int pass = WalkQueries.lastPass(connection, id(), Walk.Kind.RETRY) + 1;
        boolean opened = false;
        for (long table : tables) {
            opened |= openRetry(table, pass);
        }
        return opened;
    }

    private boolean openRetry(long table, int pass) throws SQLException {
        boolean own = table == definition.target().oid();
        Optional<TargetTable> target =
                own ? Optional.of(definition.target()) : CatalogQueries.leaf(connection, definition.target(), table);
        if (target.isPresent()) {
            open(List.of(target.get()), Walk.Kind.RETRY, pass, own);
        }
        return target.isPresent();
    }

    private long id() {
        return definition.migration().id();
    }
}
