package org.registrybbm.migrations.internal.walk;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.tables.EventQueries;

/**
 * Makes sure that walks continue only with what they were begun with. A cursor means nothing for another table, key or work function. In a
 * database into which a dump was restored, the object ids of tables have changed.
 */
public record Continuity(Connection connection, ResolvedMigration definition) {
    /**
     * Adapts the walks to the migration, if possible.
     *
     * @throws InvalidDefinitionException if rows were changed by another definition and nothing tells which rows
     */
    public void restore(WalkDefinitions.Unsettled unsettled) throws SQLException {
        if (unsettled.moved()) {
            new Relocation(connection, definition).ofRestoredDatabase();
        }
        settleEdits();
        WalkDefinitions.settle(connection, id(), definition.target().key().json());
    }

    private void settleEdits() throws SQLException {
        boolean anotherTable = isAnotherTable();
        List<WalkDefinitions.Edit> edits = WalkDefinitions.edits(connection, id()).stream()
                .filter(edit -> !edit.part().equals("table") || anotherTable)
                .toList();
        if (edits.isEmpty()) {
            return;
        }
        boolean begun = WalkQueries.isBegun(connection, id());
        if (begun && !definition.saysWhatIsPending(connection)) {
            throw new InvalidDefinitionException(
                    FailureCode.DEFINITION_CHANGED,
                    text(edits) + ", after rows had been changed, and the work function '"
                            + definition.migration().definition().signature()
                            + "' does not say which rows are still to be changed; set it back and retry the migration, or queue"
                            + " another migration for the rows that are left");
        }
        WalkQueries.forgetAll(connection, id());
        if (begun) {
            EventQueries.record(
                    connection,
                    id(),
                    new EventQueries.Event(
                            "restarted",
                            text(edits) + "; the migration starts again with the rows that are still pending"));
        }
    }

    /** Returns whether the migration names another table. A table that was renamed is still the same table. */
    private boolean isAnotherTable() throws SQLException {
        for (Walk walk : WalkQueries.all(connection, id(), Walk.Kind.CHANGE, 1)) {
            boolean same = walk.onlyTable()
                    ? walk.tableOid() == definition.target().oid()
                    : definition.targetOf(connection, walk).isPresent();
            if (same) {
                return false;
            }
        }
        return true;
    }

    private static String text(List<WalkDefinitions.Edit> edits) {
        return edits.stream()
                .map(edit ->
                        "%s was %s and is now %s".formatted(edit.what(), quoted(edit.before()), quoted(edit.now())))
                .collect(Collectors.joining(", "));
    }

    private static String quoted(@Nullable String value) {
        return value == null ? "NULL" : "'" + value + "'";
    }

    private long id() {
        return definition.migration().id();
    }
}
