package org.registrybbm.migrations.internal;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;
import org.registrybbm.migrations.WorkContext;

/** What PostgreSQL's catalogue says of tables, columns and indexes. Names go in as values, never as text of a statement. */
public final class CatalogQueries {
    private static final String TABLE = """
            SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS quoted
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ?
                AND c.relname = ?
            """;

    private static final String OID = """
            SELECT ?::regclass::oid AS oid
            """;

    private static final String COLUMN = """
            SELECT attname, format('%I', attname) AS quoted, format_type(atttypid, NULL) AS type
            FROM pg_attribute
            WHERE attrelid = ?::oid
                AND attname = ?
                AND attnum > 0
                AND NOT attisdropped
            """;

    // A partitioned table's own index covers its partitions; without one, each leaf needs an index of its own.
    private static final String WALKABLE = """
            WITH walkable AS (
                SELECT i.indrelid
                FROM pg_index i
                JOIN pg_class c ON c.oid = i.indexrelid
                JOIN pg_am am ON am.oid = c.relam
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indisvalid
                    AND i.indpred IS NULL
                    AND am.amname = 'btree'
                    AND a.attname = ?
            )
            SELECT EXISTS (SELECT FROM walkable WHERE indrelid = ?::oid)
                OR coalesce((
                    SELECT bool_and(leaf.relid IN (SELECT indrelid FROM walkable))
                    FROM pg_partition_tree(?::oid) leaf
                    WHERE leaf.isleaf
                ), false) AS found
            """;

    private static final String NULL_INDEX = """
            SELECT EXISTS (
                SELECT
                FROM pg_index i
                WHERE i.indrelid = ?::oid
                    AND i.indisvalid
                    AND pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NULL)', ?::text)
            ) AS found
            """;

    // A table that was never analysed has -1; the sum is unknown as soon as one leaf's is.
    private static final String ESTIMATE = """
            SELECT sum(c.reltuples)::bigint AS tuples, bool_or(c.reltuples < 0) AS unknown
            FROM pg_class c
            WHERE c.oid = ?::oid AND c.relkind <> 'p'
                OR c.oid IN (SELECT relid FROM pg_partition_tree(?::oid) WHERE isleaf)
            """;

    private static final String NULL_FRACTION = """
            SELECT s.null_frac AS fraction
            FROM pg_stats s
            JOIN pg_namespace n ON n.nspname = s.schemaname
            JOIN pg_class c ON c.relname = s.tablename AND c.relnamespace = n.oid
            WHERE c.oid = ?::oid
                AND s.attname = ?
                AND NOT s.inherited
            """;

    private static final String SEQUENCE = """
            SELECT c.oid::regclass::text AS quoted
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ?
                AND c.relname = ?
                AND c.relkind = 'S'
            """;

    private static final String MISSING_TABLE = """
            SELECT name
            FROM unnest(?::text[]) AS name
            WHERE to_regclass(name) IS NULL
            """;

    private CatalogQueries() {}

    /**
     * Finds a migration's table and column.
     *
     * @throws InvalidDefinitionException when one of them does not exist or is not written as it must be
     */
    public static Target target(Connection connection, String table, String column) throws SQLException {
        List<String> name = SqlIdentifiers.parse(table);
        if (name.size() != 2) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_TABLE,
                    "table_name '" + table
                            + "' is not <schema>.<table>; write it like public.users, and quote a part as"
                            + " SQL does where it has other characters than a to z, 0 to 9 and _");
        }
        record Found(long oid, String kind, String quoted) {}
        Found found = Sql.first(
                        connection,
                        TABLE,
                        row -> new Found(row.getLong("oid"), row.getString("relkind"), row.getString("quoted")),
                        name.get(0),
                        name.get(1))
                .orElseThrow(() -> new InvalidDefinitionException(
                        FailureCode.INVALID_BBM_TABLE, "there is no table " + table + " in this database"));
        if (!found.kind().equals("r") && !found.kind().equals("p")) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_TABLE, table + " is not a table; views and foreign tables have no batches");
        }
        Column key = column(connection, found.oid(), column)
                .orElseThrow(() -> new InvalidDefinitionException(
                        FailureCode.INVALID_BBM_COLUMN, "the table " + table + " has no column " + column));
        return new Target(found.oid(), found.quoted(), found.kind().equals("p"), key.quoted(), key.name(), key.type());
    }

    /** A column of a table. */
    public record Column(String name, String quoted, String type) {}

    /** Finds a column by its name: as written, or read as an SQL identifier. */
    public static Optional<Column> column(Connection connection, long table, String name) throws SQLException {
        Optional<Column> asWritten = columnNamed(connection, table, name);
        if (asWritten.isPresent()) {
            return asWritten;
        }
        List<String> parts = SqlIdentifiers.parse(name);
        return parts.size() == 1 ? columnNamed(connection, table, parts.get(0)) : Optional.empty();
    }

    /**
     * Finds a further column of a work function's table.
     *
     * @throws InvalidDefinitionException when there is none of that name
     */
    static Column columnOf(WorkContext context, String name) throws SQLException {
        long table = Sql.one(context.connection(), OID, row -> row.getLong("oid"), context.table());
        return column(context.connection(), table, name)
                .orElseThrow(() -> new InvalidDefinitionException(
                        FailureCode.INVALID_BBM_COLUMN, "the table " + context.table() + " has no column " + name));
    }

    private static Optional<Column> columnNamed(Connection connection, long table, String name) throws SQLException {
        return Sql.first(
                connection,
                COLUMN,
                row -> new Column(row.getString("attname"), row.getString("quoted"), row.getString("type")),
                table,
                name);
    }

    /** Returns whether an index can be walked in the order of the target's column. */
    public static boolean isWalkable(Connection connection, Target target) throws SQLException {
        return Sql.one(
                connection, WALKABLE, row -> row.getBoolean("found"), target.columnName(), target.oid(), target.oid());
    }

    /** Returns whether there is a partial index {@code WHERE column IS NULL}. */
    public static boolean hasNullIndex(Connection connection, Target target) throws SQLException {
        return Sql.one(connection, NULL_INDEX, row -> row.getBoolean("found"), target.oid(), target.columnName());
    }

    /** Returns the planner's estimate of the table's rows, or empty when it was never analysed. */
    public static OptionalLong estimate(Connection connection, Target target) throws SQLException {
        return Sql.one(
                connection,
                ESTIMATE,
                row -> row.getBoolean("unknown") ? OptionalLong.empty() : OptionalLong.of(row.getLong("tuples")),
                target.oid(),
                target.oid());
    }

    /** Returns the planner's estimate of the share of rows, 0 to 1, whose target column is NULL. */
    public static Optional<Double> nullFraction(Connection connection, Target target) throws SQLException {
        return Sql.first(
                connection, NULL_FRACTION, row -> row.getDouble("fraction"), target.oid(), target.columnName());
    }

    /** Finds a sequence and returns it quoted for SQL. */
    public static Optional<String> sequence(Connection connection, String name) throws SQLException {
        List<String> parts = SqlIdentifiers.parse(name);
        return parts.size() == 2
                ? Sql.first(connection, SEQUENCE, row -> row.getString("quoted"), parts.get(0), parts.get(1))
                : Optional.empty();
    }

    /** Returns which of some tables or sequences are not there. */
    public static List<String> missing(Connection connection, String... tables) throws SQLException {
        return Sql.list(connection, MISSING_TABLE, row -> row.getString("name"), (Object) tables);
    }
}
