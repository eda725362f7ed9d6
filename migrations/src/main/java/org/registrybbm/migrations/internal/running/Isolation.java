package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.failure.WorkFailedException;
import org.registrybbm.migrations.internal.failure.WorkRuleException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.rows.RowLists;
import org.registrybbm.migrations.internal.rows.RowQueries;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.work.Batch;

/**
 * Changes rows without those that fail, inside one transaction. It halves the rows until the failing ones are alone, with each try behind a
 * savepoint.
 *
 * <p>Each savepoint takes a transaction id, and with more than 64 of them every snapshot of the server gets slower. So a search ends early
 * once it has found at least one row and has used up its tries or its time. What is left is for the following transactions.
 */
final class Isolation {
    // Together with one savepoint around the search and one before it, this makes at most 50.
    private static final int MOST_TRIES = 40;

    private final Connection tx;
    private final WalkedTable table;
    private final RowLists lists;
    private final Work work;
    private final SearchLimits limits;
    private final Map<String, Failure> failed;
    private final long began = System.nanoTime();
    private int tries;
    private boolean cutShort;

    /** Changes some rows. */
    interface Work {
        long migrate(Batch rows) throws SQLException, RowChange.QuarantineFullException;

        /** Returns whether the work fails without any row too. This changes nothing. */
        boolean failsWithoutRows() throws SQLException;
    }

    /**
     * Starts a search.
     *
     * @param failed the map to which failing rows are added, each with its failure
     */
    Isolation(Connection tx, WalkedTable table, Work work, SearchLimits limits, Map<String, Failure> failed) {
        this.tx = tx;
        this.table = table;
        this.lists = new RowLists(tx, table, RowLists.FEW);
        this.work = work;
        this.limits = limits;
        this.failed = failed;
    }

    /** The result of a try: how many rows were changed, or why it failed. */
    private record Try(long migrated, @Nullable Failure failure) {}

    /** Returns whether the search ended before all rows were tried. */
    boolean isCutShort() {
        return cutShort;
    }

    /**
     * Changes rows, and returns how many.
     *
     * @param listed the same rows as a list, unless they are too many for one
     * @param atMost how many may fail; if more do, the remaining rows are not tried
     */
    long of(Batch rows, Optional<List<String>> listed, long atMost)
            throws SQLException, RowChange.QuarantineFullException {
        if (listed.isEmpty()) {
            return ofMany(rows, atMost);
        }
        return listed.get().isEmpty() ? work.migrate(rows) : of(listed.get(), atMost);
    }

    private long ofMany(Batch rows, long atMost) throws SQLException, RowChange.QuarantineFullException {
        if (isEnough(atMost)) {
            return 0;
        }
        limits.moreTime();
        Try whole = attempt(rows);
        if (whole.failure() == null) {
            return whole.migrated();
        }
        Optional<List<String>> few = lists.locked(rows);
        if (few.isPresent()) {
            return halves(few.get(), atMost, whole.failure());
        }
        Optional<RowLists.Halves> halves = lists.halves(rows);
        return halves.isPresent() ? halves(halves.get(), atMost) : 0;
    }

    private long halves(RowLists.Halves halves, long atMost) throws SQLException, RowChange.QuarantineFullException {
        long first = count(halves.first());
        long second = count(halves.second());
        long migrated = ofMany(halves.first(), atMost);
        // If rows were deleted, only the first number gets smaller. If somebody inserted rows, only the second one gets
        // larger. If both happen, rows have moved.
        if (count(halves.first()) < first && count(halves.second()) > second) {
            throw new WorkRuleException(
                    "rows of " + table.target().table() + " were given another "
                            + table.spared().identity()
                            + " while the engine searched for a failing one among many that share one key; they would be changed twice");
        }
        return migrated + ofMany(halves.second(), atMost);
    }

    private long count(Batch rows) throws SQLException {
        return RowQueries.count(tx, table, rows);
    }

    private long of(List<String> rows, long atMost) throws SQLException, RowChange.QuarantineFullException {
        if (isEnough(atMost)) {
            return 0;
        }
        Try whole = attempt(table.spared().of(rows));
        return whole.failure() == null ? whole.migrated() : halves(rows, atMost, whole.failure());
    }

    private long halves(List<String> rows, long atMost, Failure failure)
            throws SQLException, RowChange.QuarantineFullException {
        if (rows.size() == 1) {
            failed.put(rows.get(0), failure);
        }
        if (rows.size() <= 1) {
            return 0;
        }
        int half = rows.size() / 2;
        return of(rows.subList(0, half), atMost) + of(rows.subList(half, rows.size()), atMost);
    }

    private Try attempt(Batch rows) throws SQLException, RowChange.QuarantineFullException {
        tries++;
        Savepoint before = tx.setSavepoint();
        try {
            long migrated = work.migrate(rows);
            // A deferred constraint would fail only at the commit, where nobody can tell which row caused it.
            Jdbc.run(tx, "SET CONSTRAINTS ALL IMMEDIATE");
            tx.releaseSavepoint(before);
            return new Try(migrated, null);
        } catch (SQLException | WorkFailedException e) {
            if (!SqlFailures.mayBeOfRow(e)) {
                throw e;
            }
            tx.rollback(before);
            if (!SqlFailures.isDataError(e)) {
                boolean statements = work.failsWithoutRows();
                tx.rollback(before);
                if (statements) {
                    throw e;
                }
            }
            // Otherwise the next savepoints would be nested in this one, and each open savepoint has a transaction id
            // of its own.
            tx.releaseSavepoint(before);
            return new Try(0, SqlFailures.describe(FailureCode.UNKNOWN, e));
        }
    }

    private boolean isEnough(long atMost) throws SQLException {
        if (failed.size() > atMost) {
            return true;
        }
        boolean late = System.nanoTime() - began > limits.longest().toNanos();
        if (failed.isEmpty() ? late && limits.isStopped() : late || tries >= MOST_TRIES) {
            cutShort = true;
        }
        return cutShort;
    }
}
