package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.TableNames;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;
import org.registrybbm.migrations.internal.tables.EventQueries;

/**
 * Finds tables again that have another object id than the walks and quarantined rows say: in a database that was restored from a dump, or
 * after a table or partition was rebuilt under its name. They are then found by their names.
 */
record Relocation(Connection connection, ResolvedMigration definition) {
    /** Finds all tables by name, because every object id belongs to another database. */
    void ofRestoredDatabase() throws SQLException {
        move(false);
    }

    /** Finds tables by name that no longer exist. Tables that exist keep their walks, whatever their names are now. */
    void ofRebuiltTables() throws SQLException {
        move(true);
    }

    private void move(boolean idsCount) throws SQLException {
        Map<List<String>, TargetTable> byName = new HashMap<>();
        Set<Long> present = new HashSet<>();
        for (TargetTable table : tables()) {
            byName.put(SqlIdentifiers.parse(table.table()), table);
            present.add(table.oid());
        }
        List<TableNames.Known> known = TableNames.known(connection, id());
        Set<Long> taken = new HashSet<>();
        known.stream()
                .map(TableNames.Known::oid)
                .filter(oid -> idsCount && present.contains(oid))
                .forEach(taken::add);
        Map<TableNames.Known, @Nullable TargetTable> moves = new HashMap<>();
        for (TableNames.Known one : known) {
            TargetTable named = byName.get(SqlIdentifiers.parse(one.name()));
            boolean there = idsCount ? present.contains(one.oid()) : named != null && named.oid() == one.oid();
            if (!there) {
                moves.put(one, named != null && !taken.contains(named.oid()) ? named : null);
            }
        }
        if (!idsCount) {
            refuseGuesses(moves, byName.values(), known);
        }
        // First, all old object ids are replaced, because one table may have the object id that another one gets.
        for (TableNames.Known one : moves.keySet()) {
            if (!idsCount || moves.get(one) != null) {
                TableNames.unsettle(connection, id(), one);
            }
        }
        for (Map.Entry<TableNames.Known, @Nullable TargetTable> move : moves.entrySet()) {
            TargetTable table = move.getValue();
            if (table != null) {
                TableNames.settle(connection, id(), move.getKey().name(), table);
                EventQueries.record(
                        connection,
                        id(),
                        new EventQueries.Event(
                                "table_found_again", "under its name " + table.table() + ", with another object id"));
            }
        }
    }

    /**
     * Refuses to guess. A partition without a walk may be one that has a walk under an old name, and its rows would then be changed again.
     */
    private void refuseGuesses(
            Map<TableNames.Known, @Nullable TargetTable> moves,
            Collection<TargetTable> tables,
            List<TableNames.Known> known)
            throws SQLException {
        Set<List<String>> names = new HashSet<>();
        known.forEach(one -> names.add(SqlIdentifiers.parse(one.name())));
        List<String> lost = moves.keySet().stream()
                .filter(one -> moves.get(one) == null)
                .map(TableNames.Known::name)
                .distinct()
                .sorted()
                .toList();
        List<String> strange = tables.stream()
                .filter(table -> !table.partitioned())
                .map(TargetTable::table)
                .filter(table -> !names.contains(SqlIdentifiers.parse(table)))
                .sorted()
                .toList();
        if (!lost.isEmpty()
                && !strange.isEmpty()
                && WalkQueries.isBegun(connection, id())
                && !definition.saysWhatIsPending(connection)) {
            throw new InvalidDefinitionException(
                    FailureCode.DEFINITION_CHANGED,
                    "this database was restored from a dump, and no table in it is called " + String.join(", ", lost)
                            + " any more; the rows may now be in " + String.join(", ", strange)
                            + " and may have been changed already, and the work function '"
                            + definition.migration().definition().signature()
                            + "' does not say which rows are still to be changed; give the tables the names that they had and retry the"
                            + " migration");
        }
    }

    private List<TargetTable> tables() throws SQLException {
        TargetTable root = definition.target();
        if (!root.partitioned()) {
            return List.of(root);
        }
        List<TargetTable> tables = new ArrayList<>();
        tables.add(root);
        tables.addAll(PartitionTree.leaves(connection, root));
        return tables;
    }

    private long id() {
        return definition.migration().id();
    }
}
