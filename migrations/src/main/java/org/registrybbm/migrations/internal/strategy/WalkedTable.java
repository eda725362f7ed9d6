package org.registrybbm.migrations.internal.strategy;

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
 * One table of a migration as a walk sees it.
 *
 * @param target the table and its key
 * @param treatment what is done to its rows
 * @param pendingRows which rows are not done, as the strategy or the work function says, or empty when neither does
 * @param pendingOnly whether the work function gets only those rows of a sub-batch that are pending, as others may have been done
 * @param spared rows that no sub-batch touches
 */
public record WalkedTable(
        BatchedMigration migration,
        TargetTable target,
        Treatment treatment,
        Optional<String> pendingRows,
        boolean pendingOnly,
        SparedRows spared) {

    /**
     * Returns it as it is now that rows may have come into the quarantine or left it.
     *
     * @param any whether any row of the migration is or was there
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

    /** Returns it as far as it lies in a range. */
    public WalkedTable within(Connection connection, SparedQueries.Range range) throws SQLException {
        return sparing(SparedQueries.within(connection, spared, target, range));
    }

    private WalkedTable sparing(SparedRows rows) {
        return new WalkedTable(migration, target, treatment, pendingRows, pendingOnly, rows);
    }

    /** Returns all rows but those in quarantine. */
    public Batch rows() {
        return new Batch(qualifier -> "true" + spared.and(qualifier));
    }

    /** Returns those rows of a sub-batch that the work function gets. */
    public Batch toWork(Batch rows) {
        return pendingOnly ? pendingOf(rows) : rows;
    }

    /** Returns those of some rows that are not done. */
    private Batch pendingOf(Batch batch) {
        String rows = batch.predicate() + " AND " + pendingOfOthers("");
        String found = "ctid = ANY (ARRAY(SELECT ctid FROM " + target.table() + " WHERE " + rows + "))";
        return new Batch(
                qualifier -> qualifier.isEmpty() ? rows : qualifier + found + " AND " + pendingOfOthers(qualifier));
    }

    /**
     * Returns which rows are not done.
     *
     * @throws InvalidDefinitionException when the work function does not say
     */
    public String pending() {
        return pendingRows.orElseThrow(() -> new InvalidDefinitionException(
                FailureCode.PENDING_UNKNOWN,
                "the batching strategy " + migration.definition().strategy()
                        + " needs to know which rows are not done yet, but the"
                        + " work function '" + migration.definition().signature()
                        + "' does not say so; override its method pending, or use another strategy"));
    }

    /** Returns the same, for a statement that may give the table an alias. */
    public String pending(String qualifier) {
        return lookedUp(pending(), qualifier);
    }

    /**
     * Returns which rows are not done, besides those in quarantine. These are not even asked: some are there because nobody can, and the
     * planner evaluates the parts of an AND in whatever order it likes.
     */
    public String pendingOfOthers(String qualifier) {
        if (spared.isEmpty()) {
            return pending(qualifier);
        }
        return lookedUp("CASE WHEN " + spared.predicate("") + " THEN false ELSE (" + pending() + ") END", qualifier);
    }

    /**
     * A work function's expression cannot have an alias. It is looked up as the statement sees the table: a row that another one changed
     * meanwhile is not found, and so not changed twice.
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
