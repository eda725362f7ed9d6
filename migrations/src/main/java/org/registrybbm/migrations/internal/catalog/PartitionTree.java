package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/** SQL for a table and its partitions at any depth. */
public final class PartitionTree {
    /**
     * The beginning of a statement that reads from {@code tree}, which holds a table and its partitions, or from {@code leaves}, which
     * holds those that contain rows. Its parameter is the table's object id. The only leaf of a table without partitions is the table
     * itself.
     *
     * <p>Unlike pg_partition_tree(), this locks nothing. Thousands of locks would use up the server's lock table, and each of them would
     * wait for whoever attaches or drops a partition.
     */
    public static final String WITH = """
            WITH RECURSIVE tree AS (
                SELECT ?::oid AS oid
                UNION ALL
                SELECT i.inhrelid
                FROM tree
                JOIN pg_class parent ON parent.oid = tree.oid
                JOIN pg_inherits i ON i.inhparent = tree.oid
                WHERE parent.relkind = 'p'
                    AND NOT i.inhdetachpending
            ), leaves AS (
                SELECT c.oid
                FROM tree
                JOIN pg_class c ON c.oid = tree.oid
                WHERE c.relkind <> 'p'
            )
            """;

    private static final String LEAVES = WITH + """
            SELECT c.oid, %s AS quoted
            FROM leaves
            JOIN pg_class c ON c.oid = leaves.oid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            ORDER BY c.oid
            """.formatted(SqlIdentifiers.quotedInSql("n.nspname", "c.relname"));

    private PartitionTree() {}

    /** Returns the leaf partitions of a partitioned table, at any depth. */
    public static List<TargetTable> leaves(Connection connection, TargetTable root) throws SQLException {
        return Jdbc.list(
                connection,
                LEAVES,
                row -> new TargetTable(row.getLong("oid"), row.getString("quoted"), false, root.key()),
                root.oid());
    }
}
