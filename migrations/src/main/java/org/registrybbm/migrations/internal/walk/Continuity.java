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
 * Sees to it that walks go on only with what they were begun with. A cursor says nothing of another table, key or work; and in a
 * database into which a dump was restored the object ids of tables are other ones.
 */
public record Continuity(Connection connection, ResolvedMigration definition) {
    /**
     * Makes the walks fit, where they can be made to.
     *
     * @throws InvalidDefinitionException when rows were changed by another definition, and nothing tells which
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
                            + "' does not say which are still to be changed; set it back and retry the migration, or queue"
                            + " another one for what is left");
        }
        WalkQueries.forgetAll(connection, id());
        if (begun) {
            EventQueries.record(
                    connection,
                    id(),
                    new EventQueries.Event(
                            "restarted", text(edits) + "; it starts anew, with the rows that are not done"));
        }
    }

    /** A table that was renamed is the same. */
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
