package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/** What PostgreSQL's statistics say of a table: how big it is, how many rows it has, how they lie. */
public final class StatisticsQueries {
    // A table that was never analysed is taken to hold 100 rows a block.
    private static final String HEAP = """
            SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint AS blocks,
                CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN (c.reltuples / c.relpages)::numeric ELSE 100 END AS rows_per_block
            FROM pg_class c
            WHERE c.oid = ?::oid
            """;

    // As the planner counts where a table has grown much since it was analysed: the rows of a block then, and the
    // blocks
    // that it has now. Twice as many blocks say nothing, as a migration that has changed every row leaves as many. A
    // table
    // that was empty when it was analysed says nothing of the rows that it got since.
    private static final String TUPLES = """
            CASE WHEN c.relpages > 0 AND pg_relation_size(c.oid) > 2 * c.relpages * current_setting('block_size')::bigint
                THEN c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::bigint)
                ELSE c.reltuples
            END
            """;
    private static final String UNKNOWN = "c.reltuples < 0 OR c.relpages = 0 AND pg_relation_size(c.oid) > 0";

    // A table that was never analysed has -1; the sum is unknown as soon as that of one leaf with rows is.
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

    private StatisticsQueries() {}

    /** How big a table is: its blocks, and about how many rows are in one. */
    public record Heap(long blocks, double rowsPerBlock) {}

    public static Heap heap(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                HEAP,
                row -> new Heap(row.getLong("blocks"), row.getDouble("rows_per_block")),
                target.oid());
    }

    /** Returns the planner's estimate of the table's rows, or empty when it was never analysed. */
    public static OptionalLong estimate(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(connection, ESTIMATE, StatisticsQueries::estimated, target.oid());
    }

    /** Returns the planner's estimate of the rows whose first key column is NULL, or empty when it was never analysed. */
    public static OptionalLong estimateNulls(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                NULL_ESTIMATE,
                StatisticsQueries::estimated,
                target.oid(),
                target.firstColumn().name());
    }

    private static OptionalLong estimated(ResultSet row) throws SQLException {
        long tuples = row.getLong("tuples");
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(tuples);
    }

    /**
     * Returns how much the order of the key has to do with that of the rows in the table, -1 to 1; empty when the table was never
     * analysed or has fewer blocks than some.
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
