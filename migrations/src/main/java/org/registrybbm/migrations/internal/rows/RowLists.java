package org.registrybbm.migrations.internal.rows;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.Column;
import org.registrybbm.migrations.internal.catalog.KeyColumns;
import org.registrybbm.migrations.internal.catalog.KeyJson;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.work.Batch;

/**
 * Lists rows of a table, in lists that fit into memory. All rows of one key are in one sub-batch, however many they are. If they are too
 * many for a list, they are taken in halves, in the order of the key that tells them apart.
 *
 * @param most the length of the longest list if the rows can be taken in halves
 */
public record RowLists(Connection tx, WalkedTable table, int most) {
    /** Up to this many rows are told apart one by one. */
    public static final int FEW = 1_000;

    /** The length of the longest list. */
    public static final int MANY = 10_000;

    // %1$s is the quoted table, %2$s the rows, %3$s the key's columns as text, %4$s the key's columns.
    private static final String MIDDLE = """
            SELECT %3$s
            FROM (
                SELECT %4$s
                FROM %1$s
                WHERE %2$s
                ORDER BY %4$s
                OFFSET (SELECT greatest(count(*) - 1, 0) / 2 FROM %1$s WHERE %2$s)
                LIMIT 1
            ) AS middle
            """;

    /**
     * Returns the identities of rows, as JSON texts; empty if the rows are too many to be listed.
     *
     * @throws CrowdException if they cannot be taken in halves either
     */
    public Optional<List<String>> of(Batch rows) throws SQLException {
        return of(rows, "");
    }

    /** Returns the same list, locks its rows, and checks that each of them can be found again by its identity. */
    public Optional<List<String>> locked(Batch rows) throws SQLException {
        Optional<List<String>> listed = of(rows, " FOR NO KEY UPDATE");
        if (listed.isPresent()) {
            requireFound(listed.get());
        }
        return listed;
    }

    private Optional<List<String>> of(Batch rows, String suffix) throws SQLException {
        int longest = hasOrder() ? most : MANY;
        List<String> found = RowQueries.identities(tx, table, rows, suffix, longest + 1);
        if (found.size() <= longest) {
            return Optional.of(found);
        }
        if (!hasOrder()) {
            throw new CrowdException(table.target().table(), longest);
        }
        return Optional.empty();
    }

    /** The first half of some rows, in the order of their identities, and the rows behind it. */
    public record Halves(Batch first, Batch second) {}

    /** Returns the halves of rows that are too many to be listed; empty if none of the rows exists any more. */
    public Optional<Halves> halves(Batch rows) throws SQLException {
        KeyColumns key = new KeyColumns(table.spared().identity().columns());
        String sql = MIDDLE.formatted(table.target().table(), rows.predicate(), key.selected(), key.list());
        return Jdbc.first(tx, sql, row -> KeyJson.of(row, key))
                .map(middle -> new Halves(
                        rows.and(qualifier -> key.between(qualifier, null, middle)),
                        rows.and(qualifier -> key.after(qualifier, middle))));
    }

    /** Checks that the rows are found again by their identities. Rows that are not found would be left out without a word. */
    private void requireFound(List<String> rows) throws SQLException {
        long found =
                rows.isEmpty() ? 0 : RowQueries.count(tx, table, table.spared().of(rows));
        if (found != rows.size()) {
            throw new InvalidDefinitionException(
                    FailureCode.UNKNOWN,
                    "of " + rows.size() + " rows of " + table.target().table() + ", " + found
                            + " are found again by the key that should tell them apart, "
                            + table.spared().identity() + "; so those that fail cannot be told from the others."
                            + " Give the table a primary key of another type, or fix the rows that fail, and retry");
        }
    }

    private boolean hasOrder() {
        List<Column> columns = table.spared().identity().columns();
        return !columns.isEmpty() && columns.stream().allMatch(KeyColumns::isOrdered);
    }
}
