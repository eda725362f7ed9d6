package org.registrybbm.migrations.internal.running;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.catalog.Column;
import org.registrybbm.migrations.internal.catalog.Needs;
import org.registrybbm.migrations.internal.catalog.PartitionTree;
import org.registrybbm.migrations.internal.catalog.TargetTable;
import org.registrybbm.migrations.internal.failure.SqlFailures;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;
import org.registrybbm.migrations.internal.rows.WalkedTable;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.model.Key;
import org.registrybbm.migrations.model.Strategy;

/**
 * Notices work, or a trigger, that changes the key which the batches are cut by: such a row is met again further on, or never. It is
 * noticed in the sub-batch's own transaction, so nothing of it is kept. Used by one run of a batch job.
 *
 * <p>PostgreSQL counts the rows that a transaction has updated, and each row names its writer: where fewer of the sub-batch's rows name
 * this transaction than were updated, the others have left it, or were updated more than once. Only then are they looked for.
 */
public final class KeyWatch {
    private static final Duration LONGEST_SEARCH = Duration.ofSeconds(2);

    // Only a trigger before the update, a rule or an expression can change what the statement does not name. A trigger
    // of certain columns is for statements that name one of them, or one that such a column is generated from.
    private static final String CAN_CHANGE_ITSELF = PartitionTree.WITH + """
            SELECT EXISTS (
                SELECT
                FROM pg_trigger t
                WHERE t.tgrelid IN (SELECT oid FROM tree)
                    AND NOT t.tgisinternal
                    AND t.tgenabled <> 'D'
                    AND t.tgtype & 19 = 19
                    AND (
                        t.tgattr = ''::int2vector
                        OR EXISTS (
                            SELECT
                            FROM pg_attribute a
                            WHERE a.attrelid = t.tgrelid
                                AND a.attnum = ANY (t.tgattr)
                                AND (a.attgenerated <> '' OR a.attname = ANY (?::text[]))
                        )
                    )
            ) OR EXISTS (
                SELECT FROM pg_rewrite WHERE ev_class = ?::oid AND ev_type = '2'
            ) OR EXISTS (
                SELECT
                FROM pg_attribute
                WHERE attrelid = ?::oid AND attname = ANY (?::text[]) AND attgenerated <> ''
            ) AS found, has_table_privilege(?::oid, 'SELECT') AS readable, current_user AS role
            """;

    // %1$s is the quoted table, %2$s the sub-batch's rows.
    private static final String UPDATED_AND_KEPT = PartitionTree.WITH + """
            SELECT (SELECT sum(pg_stat_get_xact_tuples_updated(oid)) FROM leaves) AS updated,
                (
                    SELECT count(*)
                    FROM %1$s
                    WHERE %2$s
                        AND xmin = ?::xid8::xid
                ) AS kept
            """;

    // %2$s is the key beyond the sub-batch, %3$s its columns, %4$s the same, from the end.
    private static final String NEARBY = """
            SELECT EXISTS (
                SELECT
                FROM (SELECT xmin AS writer FROM %1$s WHERE %2$s ORDER BY %3$s LIMIT 1000) AS next
                WHERE writer = ?::xid8::xid
            ) OR EXISTS (
                SELECT
                FROM (SELECT xmin AS writer FROM %1$s WHERE %2$s ORDER BY %4$s LIMIT 1000) AS last
                WHERE writer = ?::xid8::xid
            ) AS found
            """;

    private static final String ANYWHERE = """
            SELECT EXISTS (SELECT FROM %1$s WHERE NOT (%2$s) AND xmin = ?::xid8::xid) AS found
            """;

    private final Needs needs;
    private boolean begun;
    private boolean trusted;

    /** What can be said beforehand of a table and its reader. */
    private record Beforehand(boolean changesItself, boolean readable, String role) {}

    /** Makes the watch of work that says what it writes, or does not. */
    public KeyWatch(Needs needs) {
        this.needs = needs;
    }

    /**
     * What was written.
     *
     * @param xid the transaction's id, as text
     * @param covered how many rows the sub-batch had
     */
    record Written(String xid, long covered) {}

    /**
     * Looks at what the work has done to the rows of a sub-batch.
     *
     * @throws InvalidDefinitionException when one of them lies elsewhere now
     */
    public void look(Connection tx, WalkedTable table, BatchingStrategy.SubBatch subBatch, Written written)
            throws SQLException {
        TargetTable target = table.target();
        String xid = written.xid();
        Key end = subBatch.lastKey();
        if (!begun) {
            begun = true;
            trusted = isTrusted(tx, table);
        }
        if (trusted || end == null) {
            return;
        }
        String rows = subBatch.batch().predicate();
        boolean left = Jdbc.one(
                tx,
                UPDATED_AND_KEPT.formatted(target.table(), rows),
                row -> row.getLong("kept") < Math.min(row.getLong("updated"), written.covered()),
                target.oid(),
                xid);
        if (!left) {
            return;
        }
        if (isNearby(tx, target, end, xid) || isAnywhere(tx, target, rows, xid)) {
            throw new InvalidDefinitionException(
                    FailureCode.KEY_CHANGED,
                    "the work function '" + table.migration().definition().signature() + "' or a trigger of "
                            + target.table()
                            + " changes "
                            + target.column() + ", the key that the batches are cut by, so that rows would be met again"
                            + " further on, or never; this sub-batch was rolled back. Walk a key that stays as it is"
                            + " (column_name), or use " + Strategy.BLOCKS
                            + " with a work function that says what is pending");
        }
        // It updates rows more than once, and each time as often.
        trusted = true;
    }

    /** Work that says which other columns it writes is trusted where nothing else changes the key. */
    private boolean isTrusted(Connection tx, WalkedTable table) throws SQLException {
        TargetTable target = table.target();
        List<String> key = target.key().columns().stream().map(Column::name).toList();
        // As they are written, and as they are read as SQL identifiers.
        List<String> written = needs.writes().stream()
                .flatMap(name -> Stream.concat(Stream.of(name), SqlIdentifiers.parse(name).stream()))
                .toList();
        Beforehand beforehand = Jdbc.one(
                tx,
                CAN_CHANGE_ITSELF,
                row -> new Beforehand(row.getBoolean("found"), row.getBoolean("readable"), row.getString("role")),
                target.oid(),
                written.toArray(String[]::new),
                target.oid(),
                target.oid(),
                key.toArray(String[]::new),
                target.oid());
        boolean told = !written.isEmpty() && written.stream().noneMatch(key::contains);
        if (told && !beforehand.changesItself()) {
            return true;
        }
        if (!beforehand.readable()) {
            throw new InvalidDefinitionException(
                    FailureCode.INSUFFICIENT_PRIVILEGE,
                    "whether " + target.column()
                            + ", the key that the batches are cut by, stays as it is can be watched only by a"
                            + " role that may read all of " + target.table() + "; run GRANT SELECT ON " + target.table()
                            + " TO " + beforehand.role());
        }
        return false;
    }

    private static boolean isNearby(Connection tx, TargetTable target, Key end, String xid) throws SQLException {
        String descending = String.join(
                ", ",
                target.key().columns().stream()
                        .map(column -> column.quoted() + " DESC")
                        .toList());
        return Jdbc.one(
                tx,
                NEARBY.formatted(target.table(), target.key().after("", end), target.column(), descending),
                row -> row.getBoolean("found"),
                xid,
                xid);
    }

    /** Looks for as long as it may take; then it was none that could be found. */
    private static boolean isAnywhere(Connection tx, TargetTable target, String rows, String xid) throws SQLException {
        Savepoint before = tx.setSavepoint();
        try {
            Jdbc.run(tx, "SET LOCAL statement_timeout = " + LONGEST_SEARCH.toMillis());
            boolean found = Jdbc.one(tx, ANYWHERE.formatted(target.table(), rows), row -> row.getBoolean("found"), xid);
            tx.rollback(before);
            return found;
        } catch (SQLException e) {
            if (!SqlFailures.isWorthSmaller(e)) {
                throw e;
            }
            tx.rollback(before);
            return false;
        }
    }
}
