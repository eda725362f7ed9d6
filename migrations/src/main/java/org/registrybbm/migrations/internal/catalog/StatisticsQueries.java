package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** What PostgreSQL's statistics say about a table: how big it is, how many rows it has, and how its rows are ordered on disk. */
public final class StatisticsQueries {
    // For a table that was never analysed, 100 rows in a block are assumed.
    private static final String HEAP = """
            SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint AS blocks,
                CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN (c.reltuples / c.relpages)::numeric ELSE 100 END AS rows_per_block
            FROM pg_class c
            WHERE c.oid = ?::oid
            """;

    // If a table has grown to more than twice its size since it was analysed, this counts as the planner does: the rows
    // of a block at that time, times the blocks that it has now. Up to twice as many blocks prove no growth, because a
    // migration that has changed every row leaves that many behind. A table that was empty when it was analysed says
    // nothing about the rows that it got since.
    private static final String TUPLES = """
            CASE WHEN c.relpages > 0 AND pg_relation_size(c.oid) > 2 * c.relpages * current_setting('block_size')::bigint
                THEN c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::bigint)
                ELSE c.reltuples
            END
            """;
    private static final String UNKNOWN = "c.reltuples < 0 OR c.relpages = 0 AND pg_relation_size(c.oid) > 0";

    // A table that was never analysed has -1. The sum is unknown as soon as one leaf with rows is unknown.
    private static final String SUM = """
            SELECT CASE WHEN NOT bool_or(tuples IS NULL AND bytes > 0) THEN sum(tuples) END::bigint AS tuples
            FROM counted
            """;

    private static final String ESTIMATE = PartitionTree.WITH + """
            , counted AS (
                SELECT pg_relation_size(c.oid) AS bytes, CASE WHEN NOT (%s) THEN %s END AS tuples
                FROM leaves
                JOIN pg_class c ON c.oid = leaves.oid
            )
            """.formatted(UNKNOWN, TUPLES) + SUM;

    private static final String NULL_ESTIMATE = PartitionTree.WITH + """
            , counted AS (
                SELECT pg_relation_size(c.oid) AS bytes, CASE WHEN NOT (%s) THEN (%s) * s.null_frac END AS tuples
                FROM leaves
                JOIN pg_class c ON c.oid = leaves.oid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_stats s
                    ON s.schemaname = n.nspname
                    AND s.tablename = c.relname
                    AND s.attname = ?
                    AND NOT s.inherited
            )
            """.formatted(UNKNOWN, TUPLES) + SUM;

    private static final String CORRELATION = """
            SELECT s.correlation::numeric AS correlation
            FROM pg_stats s
            JOIN pg_class c ON c.relname = s.tablename
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
            WHERE c.oid = ?::oid
                AND s.attname = ?
                AND NOT s.inherited
                AND s.correlation IS NOT NULL
                AND c.relpages > ?
            """;

    // What the server has counted since the table was made. Unlike a look at the size of its file, this takes no lock.
    private static final String COUNTED = """
            SELECT nullif(sum(pg_stat_get_live_tuples(leaf)), 0) AS tuples
            FROM batched_migration_leaves(to_regclass(?)) AS leaf
            """;

    private StatisticsQueries() {}

    /** The size of a table: its blocks, and about how many rows one of them holds. */
    public record Heap(long blocks, double rowsPerBlock) {}

    public static Heap heap(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                HEAP,
                row -> new Heap(row.getLong("blocks"), row.getDouble("rows_per_block")),
                target.oid());
    }

    /** Returns the planner's estimate of the table's rows, or empty if the table was never analysed. */
    public static OptionalLong estimate(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(connection, ESTIMATE, StatisticsQueries::estimated, target.oid());
    }

    /** Returns the planner's estimate of the rows whose first key column is NULL, or empty if the table was never analysed. */
    public static OptionalLong estimateNulls(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                NULL_ESTIMATE,
                StatisticsQueries::estimated,
                target.oid(),
                target.firstColumn().name());
    }

    /**
     * Returns about how many rows a table has, if it was never analysed, as the server has counted what was inserted and deleted. It takes
     * no lock.
     *
     * @param table its name with its schema, as in SQL
     * @return empty if there is no such table, or if the server has not counted or has lost its count
     */
    public static OptionalLong counted(Connection connection, String table) throws SQLException {
        return Jdbc.one(connection, COUNTED, StatisticsQueries::estimated, table);
    }

    private static OptionalLong estimated(ResultSet row) throws SQLException {
        long tuples = row.getLong("tuples");
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(tuples);
    }

    /**
     * Returns the correlation between the order of the key and the order of the rows on disk, -1 to 1. It is empty if the table was never
     * analysed or has no more than {@code blocks} blocks.
     */
    public static Optional<Double> correlation(Connection connection, TargetTable target, int blocks)
            throws SQLException {
        return Jdbc.first(
                connection,
                CORRELATION,
                row -> row.getDouble("correlation"),
                target.oid(),
                target.firstColumn().name(),
                blocks);
    }
}
