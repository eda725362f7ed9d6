package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the walks of one migration: over its table, or over each leaf partition of it. */
record Walks(Connection connection, Definition definition) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Walks.class);

    /** Opens those of the first pass where they are missing, as when a partition was attached. */
    void openFirst() throws SQLException {
        List<Walk> walks = WalkQueries.all(connection, id(), Walk.Kind.CHANGE, 1);
        Optional<Walk> only = walks.stream().filter(Walk::onlyTable).findFirst();
        if (only.isPresent()) {
            if (only.get().tableOid() != definition.target().oid()) {
                new Relocation(connection, definition).ofRebuiltTables();
                WalkQueries.moveTo(connection, only.get(), definition.target());
            }
            return;
        }
        if (!definition.target().partitioned() || walks.isEmpty() && isSharedWithRegistry()) {
            WalkQueries.open(connection, id(), definition.target(), Walk.Kind.CHANGE, 1, true);
            return;
        }
        if (walks.isEmpty()) {
            warn();
        }
        List<Long> leaves = CatalogQueries.leaves(connection, definition.target());
        List<Long> known = tables(walks);
        if (!known.containsAll(leaves) && !leaves.containsAll(known)) {
            // One that went and one that came may be the same, built anew.
            new Relocation(connection, definition).ofRebuiltTables();
            known = tables(WalkQueries.all(connection, id(), Walk.Kind.CHANGE, 1));
        }
        for (long leaf : leaves) {
            if (!known.contains(leaf)) {
                open(leaf, Walk.Kind.CHANGE, 1);
            }
        }
        TableNames.rename(connection, id(), leaves);
    }

    /** Tells, once, of what nobody could notice while it runs. */
    private void warn() throws SQLException {
        if (definition.strategy().followsKey() && !definition.saysWhatIsPending(connection)) {
            String warning = "rows that the application moves to another partition of "
                    + definition.target().table()
                    + " while it runs are changed twice or not at all, as the work function '"
                    + definition.migration().signature()
                    + "' does not say which rows are pending; where the application does that, have it say so";
            LOGGER.warn("'{}': {}", definition.migration().name(), warning);
            EventQueries.record(connection, id(), new EventQueries.Event("warned", warning));
        }
    }

    private static List<Long> tables(List<Walk> walks) {
        return walks.stream().map(Walk::tableOid).toList();
    }

    /**
     * What the container registry has begun over the parent is ended over the parent. And where its software may go on with it after
     * us, each batch job says how far all partitions are done, as nothing else is known there.
     */
    private boolean isSharedWithRegistry() throws SQLException {
        return WalkQueries.hasForeignJobs(connection, id())
                || definition.strategy() instanceof KeysetBatching
                        && definition.target().key().isInteger()
                        && CatalogQueries.isWalkable(connection, definition.target())
                        && RegistryLockQueries.isTakenOver(connection).orElse(false);
    }

    /**
     * Opens a pass over every table that has one of the first pass.
     *
     * @return whether there was anything to open
     */
    boolean openPass(Walk.Kind kind, int pass) throws SQLException {
        List<Long> known = WalkQueries.all(connection, id(), kind, pass).stream()
                .map(Walk::tableOid)
                .toList();
        boolean opened = false;
        for (Walk first : WalkQueries.all(connection, id(), Walk.Kind.CHANGE, 1)) {
            Optional<Target> target = definition.targetOf(connection, first);
            if (target.isPresent() && !known.contains(first.tableOid())) {
                WalkQueries.open(connection, id(), target.get(), kind, pass, first.onlyTable());
                opened = true;
            }
        }
        return opened;
    }

    /**
     * Opens a pass over the tables that hold quarantined rows which are to be tried again.
     *
     * @return whether there was anything to open
     */
    boolean openRetries() throws SQLException {
        List<Long> tables = new ArrayList<>(QuarantineQueries.tablesToRetry(connection, id()));
        if (tables.isEmpty()) {
            return false;
        }
        int pass = WalkQueries.lastPass(connection, id(), Walk.Kind.RETRY) + 1;
        boolean opened = false;
        for (long table : tables) {
            opened |= open(table, Walk.Kind.RETRY, pass);
        }
        return opened;
    }

    private boolean open(long table, Walk.Kind kind, int pass) throws SQLException {
        boolean own = table == definition.target().oid();
        Optional<Target> target =
                own ? Optional.of(definition.target()) : CatalogQueries.leaf(connection, definition.target(), table);
        if (target.isPresent()) {
            WalkQueries.open(connection, id(), target.get(), kind, pass, own);
        }
        return target.isPresent();
    }

    private long id() {
        return definition.migration().id();
    }
}
