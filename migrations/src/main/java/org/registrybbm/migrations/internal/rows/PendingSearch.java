package org.registrybbm.migrations.internal.rows;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.catalog.StatisticsQueries;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.work.Batch;

/**
 * Searches for pending rows when the author's condition may fail. The condition may cast what a row holds, and one row with an unsuitable
 * value fails the statement for all rows. Such rows are found by halving, and count as not done.
 */
public final class PendingSearch {
    private static final int BLOCKS_AT_ONCE = 1_024;

    private final Connection tx;
    private final WalkedTable table;
    private final int most;
    private final List<String> found = new ArrayList<>();
    private final Map<String, Failure> unreadable = new LinkedHashMap<>();

    /**
     * Starts a search.
     *
     * @param most how many rows of each kind to look for; the search ends when it has found more
     */
    public PendingSearch(Connection tx, WalkedTable table, int most) {
        this.tx = tx;
        this.table = table;
        this.most = most;
    }

    /** Returns the identities of the pending rows. */
    public List<String> found() {
        return List.copyOf(found);
    }

    /** Returns the identities of rows for which the condition fails, each with the failure. */
    public Map<String, Failure> unreadable() {
        return unreadable;
    }

    /** Returns whether any row is pending, or the condition fails for any row. */
    public boolean hasFound() {
        return !found.isEmpty() || !unreadable.isEmpty();
    }

    /** Searches the whole table. */
    public void everywhere() throws SQLException {
        Batch all = table.rows();
        long blocks = StatisticsQueries.heap(tx, table.target()).blocks();
        for (long first = 0; first < blocks && !isEnough(); first += BLOCKS_AT_ONCE) {
            inBlocks(all, first, Math.min(blocks, first + BLOCKS_AT_ONCE) - 1);
        }
    }

    /** Searches among those of some rows that lie in some blocks. */
    public void inBlocks(Batch among, long first, long last) throws SQLException {
        Batch rows = among.and(qualifier -> Places.inBlocks(qualifier, first, last));
        if (isEnough() || ask(rows).isEmpty()) {
            return;
        }
        if (first == last) {
            // A block has a few hundred rows at most.
            halve(RowQueries.identities(tx, table, rows, "", RowLists.FEW));
            return;
        }
        long middle = first + (last - first) / 2;
        inBlocks(among, first, middle);
        inBlocks(among, middle + 1, last);
    }

    private void halve(List<String> rows) throws SQLException {
        if (rows.isEmpty() || isEnough()) {
            return;
        }
        List<Failure> failure = ask(table.spared().of(rows));
        if (failure.isEmpty()) {
            return;
        }
        if (rows.size() == 1) {
            unreadable.put(rows.get(0), failure.get(0));
            return;
        }
        int half = rows.size() / 2;
        halve(rows.subList(0, half));
        halve(rows.subList(half, rows.size()));
    }

    /** Reads which of some rows are pending; returns why that failed, or nothing if it did not. */
    public List<Failure> ask(Batch rows) throws SQLException {
        Savepoint before = tx.setSavepoint();
        try {
            found.addAll(RowQueries.identities(tx, table, rows.and(table::pendingOfOthers), "", most));
            tx.releaseSavepoint(before);
            return List.of();
        } catch (SQLException e) {
            if (!SqlFailures.mayBeOfRow(e)) {
                throw e;
            }
            tx.rollback(before);
            if (!SqlFailures.isDataError(e)) {
                // If the condition itself is wrong, it fails without any row too.
                RowQueries.identities(tx, table, table.spared().of(List.of()).and(table::pendingOfOthers), "", 1);
            }
            return List.of(SqlFailures.describe(FailureCode.UNKNOWN, e));
        }
    }

    private boolean isEnough() {
        return found.size() > most || unreadable.size() > most;
    }
}
