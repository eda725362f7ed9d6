package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.failure.InvalidDefinitionException;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/**
 * Statements that read what PostgreSQL's catalogue says about tables, columns and indexes. Names are parameters and never part of a
 * statement's text, except in {@link #usesIndex}, which is given SQL.
 */
public final class CatalogQueries {
    private static final String QUOTED = SqlIdentifiers.quotedInSql("n.nspname", "c.relname") + " AS quoted\n";

    private static final String TABLE = "SELECT c.oid, c.relkind, c.relpersistence = 't' AS temporary, " + QUOTED + """
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ?
                AND c.relname = ?
            """;

    // In PostgreSQL 18, attnotnull is also true if the constraint was never validated. Rows may then still be NULL.
    private static final String HAS_NO_NULLS = """
            a.attnotnull AND NOT EXISTS (
                SELECT
                FROM pg_constraint
                WHERE conrelid = a.attrelid
                    AND contype = 'n'
                    AND conkey = ARRAY[a.attnum]
                    AND NOT convalidated
            )
            """.strip();

    private static final String COLUMN = """
            SELECT a.attname, format('%I', a.attname) AS quoted, format_type(t.oid, NULL) AS type,
                CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname ELSE '' END AS type_name,
            """ + HAS_NO_NULLS + """
                AS not_null,
                CASE WHEN a.attcollation <> t.typcollation THEN format('%I.%I', n.nspname, c.collname) END AS collation,
                coalesce(c.collisdeterministic, true) AS deterministic,
                CASE WHEN t.typnamespace <> 'pg_catalog'::regnamespace THEN (
                    SELECT format('OPERATOR(%I.%s)', op_schema.nspname, op.oprname)
                    FROM pg_opclass class
                    JOIN pg_am am ON am.oid = class.opcmethod AND am.amname = 'btree'
                    JOIN pg_amop member
                        ON member.amopfamily = class.opcfamily
                        AND member.amoplefttype = class.opcintype
                        AND member.amoprighttype = class.opcintype
                        AND member.amopstrategy = 3
                    JOIN pg_operator op ON op.oid = member.amopopr
                    JOIN pg_namespace op_schema ON op_schema.oid = op.oprnamespace
                    WHERE class.opcintype = t.oid
                        AND class.opcdefault
                ) END AS equality
            FROM pg_attribute a
            JOIN LATERAL (
                WITH RECURSIVE base AS (
                    SELECT a.atttypid AS oid
                    UNION ALL
                    SELECT d.typbasetype FROM base JOIN pg_type d ON d.oid = base.oid WHERE d.typtype = 'd'
                )
                SELECT b.* FROM base JOIN pg_type b ON b.oid = base.oid WHERE b.typtype <> 'd'
            ) AS t ON true
            LEFT JOIN pg_collation c ON c.oid = a.attcollation
            LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
            """;

    private static final String COLUMN_OF_OID = COLUMN + """
            WHERE a.attrelid = ?::oid
                AND a.attname = ?
                AND a.attnum > 0
                AND NOT a.attisdropped
            """;

    private static final String COLUMNS_OF_NAME = COLUMN + """
            WHERE a.attrelid = ?::regclass
                AND a.attname = ANY (?::text[])
                AND a.attnum > 0
                AND NOT a.attisdropped
            """;

    /**
     * SQL for the index whose columns tell the rows of a table apart: the primary key, or else the oldest unique index that is checked at
     * once and whose columns cannot be NULL. {@code %s} is the table's object id.
     */
    static final String ROW_KEY_OF = """
            SELECT i.indrelid, i.indkey, i.indnkeyatts
            FROM pg_index i
            WHERE i.indrelid = %s
                AND i.indisunique
                AND i.indisvalid
                AND i.indpred IS NULL
                AND (i.indimmediate OR i.indisprimary)
                AND (
                    SELECT bool_and(coalesce(
            """ + HAS_NO_NULLS + """
            , false))
                    FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
                    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                    WHERE k.place <= i.indnkeyatts
                )
            ORDER BY i.indisprimary DESC, i.indexrelid
            LIMIT 1
            """;

    private static final String ROW_KEY = "WITH row_key AS (" + ROW_KEY_OF.formatted("?::oid") + ")" + COLUMN + """
            JOIN row_key i ON i.indrelid = a.attrelid
            JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) ON k.attnum = a.attnum
            WHERE k.place <= i.indnkeyatts
            ORDER BY k.place
            """;

    // An index can be walked if its first columns are those of the key, in the same order, all in one direction, and
    // sorted as the columns are. Option 0 is ascending, option 3 is descending with NULLs first. Included columns have
    // no order. An index of a partitioned table covers its partitions. Without one, each leaf needs its own index.
    private static final String WALKABLE = PartitionTree.WITH + """
            , walkable AS (
                SELECT i.indrelid
                FROM tree t
                JOIN pg_index i ON i.indrelid = t.oid
                JOIN pg_class c ON c.oid = i.indexrelid
                JOIN pg_am am ON am.oid = c.relam
                WHERE i.indisvalid
                    AND i.indpred IS NULL
                    AND am.amname = 'btree'
                    AND (
                        SELECT bool_and(
                            a.attnum IS NOT NULL
                            AND k.place <= i.indnkeyatts
                            AND i.indoption[k.place - 1] IN (0, 3)
                            AND i.indoption[k.place - 1] = i.indoption[0]
                            AND i.indcollation[k.place - 1] = a.attcollation
                            AND o.opcname NOT LIKE '%pattern_ops'
                        )
                        FROM unnest(?::text[]) WITH ORDINALITY AS k(name, place)
                        LEFT JOIN pg_attribute a
                            ON a.attrelid = i.indrelid
                            AND a.attname = k.name
                            AND a.attnum = i.indkey[k.place - 1]
                        LEFT JOIN pg_opclass o ON o.oid = i.indclass[k.place - 1]
                    )
            )
            SELECT EXISTS (SELECT FROM walkable WHERE indrelid = ?::oid)
                OR coalesce((
                    SELECT bool_and(oid IN (SELECT indrelid FROM walkable)) FROM leaves WHERE oid <> ?::oid
                ), false) AS found
            """;

    private static final String LEAF = "SELECT c.oid, c.relkind, c.relpersistence = 't' AS temporary, " + QUOTED + """
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = ?::oid
                AND pg_partition_root(c.oid) = pg_partition_root(?::oid)
            """;

    private static final String ROOT = "SELECT " + QUOTED + """
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = coalesce(pg_partition_root(?::oid), ?::oid)
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

    // Matches a node of EXPLAIN's tree, but no name or text that a condition contains.
    private static final Pattern INDEX_NODE = Pattern.compile("\\s*(-> +)?(Index|Index Only|Bitmap Heap) Scan .*");

    private CatalogQueries() {}

    /**
     * Finds the table of a migration and the columns of its key.
     *
     * @param table the table as {@code <schema>.<table>}
     * @param column one column, or several separated by commas
     * @param key whether the column is needed; if not, it is not looked up
     * @throws InvalidDefinitionException if the table or a column does not exist, or if the table's name is not written as it must be
     */
    public static TargetTable target(Connection connection, String table, String column, boolean key)
            throws SQLException {
        List<String> name = SqlIdentifiers.parse(table);
        if (name.size() != 2) {
            throw new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_TABLE,
                    "table_name '" + table
                            + "' is not <schema>.<table>; write it like public.users, and quote a part as"
                            + " SQL does if it has other characters than a to z, 0 to 9 and _");
        }
        Found found = Jdbc.first(connection, TABLE, CatalogQueries::found, name.get(0), name.get(1))
                .orElseThrow(() -> new InvalidDefinitionException(
                        FailureCode.INVALID_BBM_TABLE, "there is no table " + table + " in this database"));
        TableChecks.requireTable(table, name, found.kind(), found.temporary());
        return new TargetTable(
                found.oid(),
                found.quoted(),
                found.kind().equals("p"),
                key(connection, found.oid(), table, column, key));
    }

    private record Found(long oid, String kind, String quoted, boolean temporary) {}

    private static Found found(ResultSet row) throws SQLException {
        return new Found(
                row.getLong("oid"), row.getString("relkind"), row.getString("quoted"), row.getBoolean("temporary"));
    }

    private static KeyColumns key(Connection connection, long oid, String table, String column, boolean needed)
            throws SQLException {
        if (!needed) {
            return new KeyColumns(List.of(new Column("ctid", "ctid", "tid", "tid", true, null, true, Column.EQUAL)));
        }
        Optional<Column> alone = column(connection, oid, column);
        if (alone.isPresent()) {
            return new KeyColumns(List.of(alone.get()));
        }
        List<Column> columns = new ArrayList<>();
        for (String name : SqlIdentifiers.split(column)) {
            columns.add(column(connection, oid, name)
                    .orElseThrow(() -> new InvalidDefinitionException(
                            FailureCode.INVALID_BBM_COLUMN, "the table " + table + " has no column " + name)));
        }
        return new KeyColumns(List.copyOf(columns));
    }

    /** Finds a table of a partition tree by its object id; empty if it does not belong to the tree any more. */
    public static Optional<TargetTable> leaf(Connection connection, TargetTable root, long oid) throws SQLException {
        return Jdbc.first(connection, LEAF, CatalogQueries::found, oid, root.oid())
                .map(leaf ->
                        new TargetTable(leaf.oid(), leaf.quoted(), leaf.kind().equals("p"), root.key()));
    }

    /** Returns the root of the partition tree that a table belongs to, quoted for SQL; the table itself if it belongs to none. */
    static String root(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(connection, ROOT, row -> row.getString("quoted"), target.oid(), target.oid());
    }

    /** Finds out how the rows of a table are told apart. */
    public static RowIdentity identity(Connection connection, TargetTable target) throws SQLException {
        return new RowIdentity(List.copyOf(Jdbc.list(connection, ROW_KEY, CatalogQueries::column, target.oid())));
    }

    /**
     * Returns whether PostgreSQL would find the rows of a condition by an index. To learn whether it can do so at all, turn sequential
     * scans off before.
     */
    public static boolean usesIndex(Connection connection, String table, String condition) throws SQLException {
        return Jdbc.list(
                        connection,
                        "EXPLAIN SELECT FROM " + table + " WHERE " + condition + " LIMIT 1",
                        row -> row.getString(1))
                .stream()
                .anyMatch(line -> INDEX_NODE.matcher(line).matches());
    }

    /** Finds a column by its name, as it is written or, if there is none, as it is read as an SQL identifier. */
    public static Optional<Column> column(Connection connection, long table, String name) throws SQLException {
        Optional<Column> asWritten = Jdbc.first(connection, COLUMN_OF_OID, CatalogQueries::column, table, name);
        if (asWritten.isPresent()) {
            return asWritten;
        }
        List<String> parts = SqlIdentifiers.parse(name);
        return parts.size() == 1
                ? Jdbc.first(connection, COLUMN_OF_OID, CatalogQueries::column, table, parts.get(0))
                : Optional.empty();
    }

    /**
     * Finds columns that a work function names, and returns them in the order of the names. A name is taken as it is written or, if there
     * is no such column, as it is read as an SQL identifier.
     *
     * @param table the table, quoted for SQL
     * @throws InvalidDefinitionException if there is no column of a name
     */
    public static List<Column> columnsOf(Connection connection, String table, List<String> names) throws SQLException {
        String[] wanted = names.stream()
                .flatMap(name -> Stream.concat(Stream.of(name), SqlIdentifiers.parse(name).stream()))
                .toArray(String[]::new);
        Map<String, Column> found =
                Jdbc.list(connection, COLUMNS_OF_NAME, CatalogQueries::column, table, wanted).stream()
                        .collect(Collectors.toMap(Column::name, column -> column));
        List<Column> columns = new ArrayList<>();
        for (String name : names) {
            List<String> parts = SqlIdentifiers.parse(name);
            Column asIdentifier = parts.size() == 1 ? found.get(parts.get(0)) : null;
            Column column = found.containsKey(name) ? found.get(name) : asIdentifier;
            if (column == null) {
                throw new InvalidDefinitionException(
                        FailureCode.INVALID_BBM_COLUMN, "the table " + table + " has no column " + name);
            }
            columns.add(column);
        }
        return columns;
    }

    private static Column column(ResultSet row) throws SQLException {
        return new Column(
                row.getString("attname"),
                row.getString("quoted"),
                row.getString("type"),
                row.getString("type_name"),
                row.getBoolean("not_null"),
                row.getString("collation"),
                row.getBoolean("deterministic"),
                Objects.requireNonNullElse(row.getString("equality"), Column.EQUAL));
    }

    /** Returns whether there is an index that can be walked in the order of the target's key. */
    public static boolean isWalkable(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                WALKABLE,
                row -> row.getBoolean("found"),
                target.oid(),
                target.key().columns().stream().map(Column::name).toArray(String[]::new),
                target.oid(),
                target.oid());
    }

    /** Returns whether there is a valid partial index {@code WHERE column IS NULL} for the first column of the target's key. */
    public static boolean hasNullIndex(Connection connection, TargetTable target) throws SQLException {
        return Jdbc.one(
                connection,
                NULL_INDEX,
                row -> row.getBoolean("found"),
                target.oid(),
                target.firstColumn().name());
    }

    /** Finds a sequence by its name, {@code <schema>.<sequence>}, and returns it quoted for SQL; empty if there is none. */
    public static Optional<String> sequence(Connection connection, String name) throws SQLException {
        List<String> parts = SqlIdentifiers.parse(name);
        return parts.size() == 2
                ? Jdbc.first(connection, SEQUENCE, row -> row.getString("quoted"), parts.get(0), parts.get(1))
                : Optional.empty();
    }

    /** Returns which of the given tables or sequences do not exist. */
    public static List<String> missing(Connection connection, String... tables) throws SQLException {
        return Jdbc.list(connection, MISSING_TABLE, row -> row.getString("name"), (Object) tables);
    }
}
