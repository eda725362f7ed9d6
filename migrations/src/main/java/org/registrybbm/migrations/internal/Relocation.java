package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the tables of walks and of quarantined rows again that have another object id than they had: in a database that was restored from
 * a dump, or where a table or partition was built anew under its name. Names tell them apart then.
 */
record Relocation(Connection connection, Definition definition) {
    /** Every object id is of another database: only names count. */
    void ofRestoredDatabase() throws SQLException {
        move(false);
    }

    /** Tables that are there keep their walks, whatever they are called by now; those that are not are looked for by name. */
    void ofRebuiltTables() throws SQLException {
        move(true);
    }

    private void move(boolean idsCount) throws SQLException {
        Map<List<String>, Target> byName = new HashMap<>();
        Set<Long> present = new HashSet<>();
        for (Target table : tables()) {
            byName.put(SqlIdentifiers.parse(table.table()), table);
            present.add(table.oid());
        }
        List<TableNames.Known> known = TableNames.known(connection, id());
        Set<Long> taken = new HashSet<>();
        known.stream()
                .map(TableNames.Known::oid)
                .filter(oid -> idsCount && present.contains(oid))
                .forEach(taken::add);
        Map<TableNames.Known, @Nullable Target> moves = new HashMap<>();
        for (TableNames.Known one : known) {
            Target named = byName.get(SqlIdentifiers.parse(one.name()));
            boolean there = idsCount ? present.contains(one.oid()) : named != null && named.oid() == one.oid();
            if (!there) {
                moves.put(one, named != null && !taken.contains(named.oid()) ? named : null);
            }
        }
        // First all out of the way, as one may have the object id that another one gets.
        for (TableNames.Known one : moves.keySet()) {
            if (!idsCount || moves.get(one) != null) {
                TableNames.unsettle(connection, id(), one);
            }
        }
        for (Map.Entry<TableNames.Known, @Nullable Target> move : moves.entrySet()) {
            Target table = move.getValue();
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

    private List<Target> tables() throws SQLException {
        Target root = definition.target();
        if (!root.partitioned()) {
            return List.of(root);
        }
        List<Target> tables = new ArrayList<>();
        tables.add(root);
        for (long leaf : CatalogQueries.leaves(connection, root)) {
            Optional<Target> found = CatalogQueries.leaf(connection, root, leaf);
            found.ifPresent(tables::add);
        }
        return tables;
    }

    private long id() {
        return definition.migration().id();
    }
}
