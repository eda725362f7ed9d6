package org.registrybbm.migrations.internal.rows;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.quarantine.SparedQueries;
import org.registrybbm.migrations.internal.quarantine.SparedRows;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.work.Batch;

/**
 * A table of a migration as a walk sees it.
 *
 * @param target the table and its key
 * @param treatment what is done to its rows
 * @param pendingRows the condition that a row is pending, as the strategy or the work function states it; empty if neither does
 * @param pendingOnly whether the work function gets only the pending rows of a sub-batch, because others may have been done already
 * @param spared the rows that no sub-batch touches
 */
public record WalkedTable(
        BatchedMigration migration,
        TargetTable target,
        Treatment treatment,
        Optional<String> pendingRows,
        boolean pendingOnly,
        SparedRows spared) {

    /**
     * Returns this table with the current rows of the quarantine, after rows may have come into it or left it.
     *
     * @param any whether any row of the migration is or was in quarantine
     */
    public WalkedTable again(Connection connection, boolean any) throws SQLException {
        if (treatment == Treatment.RETRY) {
            return this;
        }
        return sparing(
                any
                        ? SparedQueries.find(connection, spared.identity(), spared.entries())
                        : SparedRows.listed(spared.identity(), spared.entries(), List.of()));
    }

    /** Returns this table for a range of it, with only the rows of the quarantine that lie there. */
    public WalkedTable within(Connection connection, SparedQueries.Range range) throws SQLException {
        return sparing(SparedQueries.within(connection, spared, target, range));
    }

    private WalkedTable sparing(SparedRows rows) {
        return new WalkedTable(migration, target, treatment, pendingRows, pendingOnly, rows);
    }

    /** Returns all rows, without those in quarantine. */
    public Batch rows() {
        return new Batch(qualifier -> "true" + spared.and(qualifier));
    }

    /** Returns the rows of a sub-batch that the work function gets. */
    public Batch toWork(Batch rows) {
        return pendingOnly ? pendingOf(rows) : rows;
    }

    /** Returns the pending rows among some rows. */
    private Batch pendingOf(Batch batch) {
        String rows = batch.predicate() + " AND " + pendingOfOthers("");
        String found = "ctid = ANY (ARRAY(SELECT ctid FROM " + target.table() + " WHERE " + rows + "))";
        return new Batch(
                qualifier -> qualifier.isEmpty() ? rows : qualifier + found + " AND " + pendingOfOthers(qualifier));
    }

    /**
     * Returns the condition that a row is pending.
     *
     * @throws InvalidDefinitionException if the work function does not state one
     */
    public String pending() {
        return pendingRows.orElseThrow(() -> new InvalidDefinitionException(
                FailureCode.PENDING_UNKNOWN,
                "the batching strategy " + migration.definition().strategy()
                        + " needs to know which rows are still pending, but the"
                        + " work function '" + migration.definition().signature()
                        + "' does not say so; override its method pending, or use another strategy"));
    }

    /** Returns the condition that a row is pending, for a statement that may give the table an alias. */
    public String pending(String qualifier) {
        return lookedUp(pending(), qualifier);
    }

    /**
     * Returns the condition that a row is pending and not in quarantine. The condition is not even evaluated for rows in quarantine: some
     * are there because it fails for them, and the planner evaluates the parts of an AND in any order.
     */
    public String pendingOfOthers(String qualifier) {
        if (spared.isEmpty()) {
            return pending(qualifier);
        }
        return lookedUp("CASE WHEN " + spared.predicate("") + " THEN false ELSE (" + pending() + ") END", qualifier);
    }

    /**
     * Returns an expression of a work function for a statement with an alias, which the expression itself cannot use. The row is looked up
     * as the statement sees the table. A row that another transaction has changed meanwhile is not found, and so is not changed twice.
     */
    private String lookedUp(String expression, String qualifier) {
        if (qualifier.isEmpty()) {
            return "(" + expression + ")";
        }
        return """
                (
                    SELECT true
                    FROM %1$s AS registry_bbm_row
                    WHERE registry_bbm_row.tableoid = %2$stableoid
                        AND registry_bbm_row.ctid = %2$sctid
                        AND (%3$s)
                )
                """.formatted(target.table(), qualifier, expression).strip();
    }
}
