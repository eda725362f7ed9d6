package org.registrybbm.migrations.internal.catalog;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/**
 * Reads from the catalogue what is wrong with a table, its leaf partitions, or the sequence of a work function.
 *
 * @param target the table and its key
 * @param part the table whose leaves are checked: the target itself for all leaves, or one of its partitions; null to check the target
 *     without its leaves
 * @param places whether the strategy or a proof finds rows by their place in the table
 * @param needs what the work function reads and writes
 */
record TableFindings(TargetTable target, @Nullable TargetTable part, boolean places, Needs needs) {
    // Matches the column whose name is exactly the written one. If there is none, matches the one that SQL would read,
    // without quotes and in lower case.
    private static final String IS_NAMED = """
            EXISTS (
                SELECT
                FROM unnest(?::text[], ?::text[]) AS wanted (written, parsed)
                WHERE a.attname = wanted.written
                    OR a.attname = wanted.parsed
                        AND NOT EXISTS (
                            SELECT FROM pg_attribute WHERE attrelid = a.attrelid AND attname = wanted.written
                        )
            )
            """;

    private static final String TABLES = PartitionTree.WITH + """
            , tables AS (
                SELECT oid FROM leaves
                UNION
                SELECT ?::oid
                UNION
                SELECT c.oid
                FROM pg_class c
                WHERE c.relkind = 'S'
                    AND c.relname = ?
                    AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?)
            )
            """;

    // If the role may do everything, which is the usual case, this answers in a fraction of the time that the findings
    // take. The answer for a table follows from these columns, and thousands of partitions have the same values in
    // them.
    private static final String IS_SOUND = TABLES + """
            , kinds AS (
                SELECT max(c.oid::bigint)::oid AS oid, c.relkind, c.relhassubclass, c.relnamespace
                FROM tables
                JOIN pg_class c ON c.oid = tables.oid
                GROUP BY c.relkind, c.relhassubclass, c.relnamespace, c.relowner, c.relacl::text, c.relrowsecurity,
                    c.relforcerowsecurity
            )
            SELECT bool_and(
                    has_schema_privilege(c.relnamespace, 'USAGE')
                    AND CASE
                        WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE, UPDATE')
                        ELSE c.relkind <> 'f'
                            AND (c.relkind <> 'r' OR NOT c.relhassubclass)
                            AND NOT row_security_active(c.oid)
                            AND has_table_privilege(c.oid, 'SELECT')
                            AND has_table_privilege(c.oid, 'UPDATE')
                    END
                ) AS sound
            FROM kinds c
            """;

    // Columns are checked only if the role has no privilege on the whole table. -1, -2 and -6 are ctid, xmin and
    // tableoid, which tell rows apart if there is no key. The rows of a partitioned table are told apart in its leaves.
    private static final String FINDINGS =
            TABLES + """
            , looked_at AS (
                SELECT c.oid, c.relkind, c.relowner, c.relnamespace, n.nspname,
                    format('%I.%I', n.nspname, c.relname) AS quoted,
                    c.relkind <> 'S' AND row_security_active(c.oid) AS hides,
                    ARRAY(
                        SELECT format('%I.%I', child_schema.nspname, child.relname)
                        FROM pg_inherits i
                        JOIN pg_class child ON child.oid = i.inhrelid
                        JOIN pg_namespace child_schema ON child_schema.oid = child.relnamespace
                        WHERE i.inhparent = c.oid AND c.relkind = 'r'
                        ORDER BY 1
                        LIMIT 5
                    ) AS children,
                    c.relkind = 'S' AND NOT has_sequence_privilege(c.oid, 'USAGE, UPDATE') AS lacks_numbers,
                    CASE WHEN c.relkind <> 'S' AND NOT has_table_privilege(c.oid, 'SELECT') THEN (
                        SELECT CASE
                                WHEN bool_or(a.attnum < 0) THEN 'SELECT'
                                ELSE 'SELECT (' || string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) || ')'
                            END
                        FROM pg_attribute a
                        LEFT JOIN LATERAL (
            """ + CatalogQueries.ROW_KEY_OF.formatted("c.oid") + """
                        ) k ON true
                        WHERE a.attrelid = c.oid
                            AND NOT a.attisdropped
                            AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
                            AND (
                                c.relkind <> 'p' AND a.attnum IN (-1, -2, -6) AND (?::boolean OR k.indkey IS NULL)
                                OR EXISTS (
                                    SELECT
                                    FROM unnest(k.indkey) WITH ORDINALITY AS part (attnum, place)
                                    WHERE c.relkind <> 'p' AND part.attnum = a.attnum AND part.place <= k.indnkeyatts
                                )
                                OR
            """ + IS_NAMED + """
                            )
                    ) END AS lacks_select,
                    CASE WHEN c.relkind <> 'S' AND NOT has_table_privilege(c.oid, 'UPDATE') THEN CASE
                        WHEN cardinality(?::text[]) > 0 THEN (
                            SELECT 'UPDATE (' || string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) || ')'
                            FROM pg_attribute a
                            WHERE a.attrelid = c.oid
                                AND NOT a.attisdropped
                                AND NOT has_column_privilege(c.oid, a.attnum, 'UPDATE')
                                AND
            """ + IS_NAMED + """
                        )
                        WHEN NOT has_any_column_privilege(c.oid, 'UPDATE') THEN 'UPDATE'
                    END END AS lacks_update
                FROM tables
                JOIN pg_class c ON c.oid = tables.oid
                JOIN pg_namespace n ON n.oid = c.relnamespace
            ), found AS (
                SELECT looked_at.*,
                    concat_ws(
                        '; ',
                        CASE WHEN NOT has_schema_privilege(relnamespace, 'USAGE')
                            THEN format('GRANT USAGE ON SCHEMA %I TO %I', nspname, current_user) END,
                        CASE WHEN lacks_numbers
                            THEN format('GRANT USAGE ON SEQUENCE %s TO %I', quoted, current_user) END,
                        CASE WHEN lacks_select IS NOT NULL OR lacks_update IS NOT NULL
                            THEN format(
                                'GRANT %s ON %s TO %I',
                                concat_ws(', ', lacks_select, lacks_update), quoted, current_user) END
                    ) AS grants
                FROM looked_at
            )
            SELECT quoted, relkind, hides, children, grants, format('%I', current_user) AS role,
                pg_has_role(relowner, 'USAGE') AS owned,
                ARRAY(SELECT format('%I', polname) FROM pg_policy WHERE polrelid = found.oid ORDER BY 1 LIMIT 5) AS policies,
                (
                    SELECT format('%I.%I', n.nspname, c.relname)
                    FROM pg_inherits i
                    JOIN pg_class c ON c.oid = i.inhparent
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE i.inhrelid = found.oid
                    LIMIT 1
                ) AS parent
            FROM found
            WHERE relkind = 'f' OR hides OR children <> '{}' OR grants <> ''
            ORDER BY oid
            """;

    /** A table, partition or sequence with a problem. */
    record Finding(
            String quoted,
            String kind,
            String role,
            boolean hides,
            boolean owned,
            List<String> policies,
            List<String> children,
            @Nullable String parent,
            String grants) {}

    /** Returns the problems. If all is well, this takes one statement. */
    List<Finding> find(Connection connection) throws SQLException {
        List<String> sequence = sequence();
        boolean sound = Jdbc.one(
                connection,
                IS_SOUND,
                row -> row.getBoolean("sound"),
                leavesOf(),
                target.oid(),
                sequence.get(1),
                sequence.get(0));
        return sound ? List.of() : find(connection, sequence);
    }

    private @Nullable Long leavesOf() {
        return part == null ? null : (Long) part.oid();
    }

    private List<String> sequence() {
        return needs.sequence()
                .map(SqlIdentifiers::parse)
                .filter(parts -> parts.size() == 2)
                .orElse(List.of("", ""));
    }

    private List<Finding> find(Connection connection, List<String> sequence) throws SQLException {
        String[] reads = Stream.of(
                        target.key().columns().stream().map(Column::name),
                        needs.reads().stream(),
                        needs.writes().stream())
                .flatMap(names -> names)
                .toArray(String[]::new);
        String[] writes = needs.writes().toArray(String[]::new);
        return Jdbc.list(
                connection,
                FINDINGS,
                TableFindings::finding,
                leavesOf(),
                target.oid(),
                sequence.get(1),
                sequence.get(0),
                places,
                reads,
                parsed(reads),
                writes,
                writes,
                parsed(writes));
    }

    private static String[] parsed(String[] names) {
        return Arrays.stream(names)
                .map(name -> {
                    List<String> parts = SqlIdentifiers.parse(name);
                    return parts.size() == 1 ? parts.get(0) : name;
                })
                .toArray(String[]::new);
    }

    private static Finding finding(ResultSet row) throws SQLException {
        return new Finding(
                row.getString("quoted"),
                row.getString("relkind"),
                row.getString("role"),
                row.getBoolean("hides"),
                row.getBoolean("owned"),
                texts(row.getArray("policies")),
                texts(row.getArray("children")),
                row.getString("parent"),
                row.getString("grants"));
    }

    private static List<String> texts(Array array) throws SQLException {
        return List.of((String[]) array.getArray());
    }
}
