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
 * Notices if the work function or a trigger changes the key by which batches are cut. A row whose key is changed would be met a second time
 * later, or never. The check runs in the transaction of the sub-batch, so that the change can still be undone. An instance serves one run
 * of a batch job.
 *
 * <p>PostgreSQL counts the rows that a transaction updates, and each row version names the transaction that wrote it. If fewer rows in the
 * range of the sub-batch name this transaction than it has updated, the others have left the range or were updated more than once. Only
 * then does the watch search for rows outside of the range.
 */
public final class KeyWatch {
    private static final Duration LONGEST_SEARCH = Duration.ofSeconds(2);

    // A column that the statement does not name can be changed only by a BEFORE UPDATE trigger, a rule, or the
    // expression of a generated column. A trigger for certain columns fires if the statement names one of them, or a
    // column from which one of them is generated.
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

    // %1$s is the quoted table, %2$s the condition for the rows of the sub-batch.
    private static final String UPDATED_AND_KEPT = PartitionTree.WITH + """
            SELECT (SELECT sum(pg_stat_get_xact_tuples_updated(oid)) FROM leaves) AS updated,
                (
                    SELECT count(*)
                    FROM %1$s
                    WHERE %2$s
                        AND xmin = ?::xid8::xid
                ) AS kept
            """;

    // %2$s is the condition for the rows behind the sub-batch, %3$s the key's columns, %4$s the same, descending.
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

    /**
     * What is known before the work runs.
     *
     * @param changesItself whether a trigger, a rule or an expression may change the key
     * @param readable whether the role may read the whole table
     */
    private record Beforehand(boolean changesItself, boolean readable, String role) {}

    /** Creates a watch for a work function, by what that says about the columns that it writes. */
    public KeyWatch(Needs needs) {
        this.needs = needs;
    }

    /**
     * What a sub-batch has written.
     *
     * @param xid the id of its transaction, as text
     * @param covered how many rows the sub-batch had
     */
    record Written(String xid, long covered) {}

    /**
     * Checks what the work has done to the rows of a sub-batch.
     *
     * @throws InvalidDefinitionException if one of them is now outside of the sub-batch's range, or if the role may not read the table
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
                            + target.column() + ", the key by which batches are cut, so rows would be met a second time"
                            + " later, or never; this sub-batch was rolled back. Walk a key that is never changed"
                            + " (column_name), or use " + Strategy.BLOCKS
                            + " with a work function that says what is pending");
        }
        // No such row was found, so the work probably updates rows more than once. It would do that in each sub-batch.
        trusted = true;
    }

    /**
     * Returns whether the key need not be watched, because the work says which columns it writes, the key is not among them, and nothing
     * else can change the key.
     *
     * @throws InvalidDefinitionException if the key must be watched and the role may not read the whole table
     */
    private boolean isTrusted(Connection tx, WalkedTable table) throws SQLException {
        TargetTable target = table.target();
        List<String> key = target.key().columns().stream().map(Column::name).toList();
        // Each name as it is written, and as it is read as an SQL identifier.
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
                            + ", the key by which batches are cut, stays the same can be checked only by a"
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

    /** Searches the whole table, for 2 s at most. If that is not enough, no row counts as found. */
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
