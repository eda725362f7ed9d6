package org.registrybbm.migrations.internal.rows;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.catalog.RowIdentity;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.ValueSettings;
import org.registrybbm.migrations.work.Batch;

/** Statements that read the identities of rows, or count rows. */
public final class RowQueries {
    // %1$s is the quoted table, %2$s the row's identity, %3$s the rows.
    private static final String IDENTITIES = """
            SELECT (%2$s)::text AS row_key
            FROM %1$s
            WHERE %3$s
            LIMIT ?
            """;

    private static final String COUNT_ROWS = """
            SELECT count(*) AS rows
            FROM %1$s
            WHERE %2$s
            """;

    private static final String SEES_MOVES = """
            SELECT current_setting('transaction_isolation') = 'read committed' AS moving
            """;

    private RowQueries() {}

    /**
     * Returns the identities of the rows of a batch, as JSON texts.
     *
     * <p>If the text of a key depends on settings, the rows are read twice. First they are found under the database's own settings, because
     * the batch may contain expressions of an author. Then their identities are read under settings whose texts find the rows again. Nobody
     * else may move the rows between the two reads, so they are locked if necessary.
     */
    public static List<String> identities(
            Connection connection, WalkedTable table, Batch batch, String suffix, int limit) throws SQLException {
        String name = table.target().table();
        RowIdentity identity = table.spared().identity();
        if (identity.hasOneText()) {
            String sql = IDENTITIES.formatted(name, identity.json(""), batch.predicate());
            return Jdbc.list(connection, sql + suffix, row -> row.getString("row_key"), limit);
        }
        boolean moving = suffix.isEmpty() && Jdbc.one(connection, SEES_MOVES, row -> row.getBoolean("moving"));
        Places places = Places.find(connection, name, batch.predicate(), moving ? " FOR NO KEY UPDATE" : suffix, limit);
        if (places.isEmpty()) {
            return List.of();
        }
        String sql =
                IDENTITIES.formatted(name, identity.json(""), places.batch().predicate());
        return ValueSettings.pinned(
                connection, tx -> Jdbc.list(tx, sql, row -> row.getString("row_key"), places.count()));
    }

    /** Counts the rows of a batch. */
    public static long count(Connection connection, WalkedTable table, Batch batch) throws SQLException {
        return Jdbc.one(
                connection,
                COUNT_ROWS.formatted(table.target().table(), batch.predicate()),
                row -> row.getLong("rows"));
    }
}
