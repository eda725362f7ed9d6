package org.registrybbm.migrations.internal;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.FailureCode;
import org.registrybbm.migrations.InvalidDefinitionException;

/**
 * What a table must be and what the engine's role must be allowed, on the table and on each leaf partition, which the engine works on by
 * itself. Whatever it is that a migration would only find out between two rows, or never, is refused here.
 *
 * @param target the table and its key
 * @param places whether the strategy finds rows by where they lie
 * @param needs what the work function reads and writes
 */
record TableChecks(Target target, boolean places, Needs needs) {
    private static final int MOST_GRANTS = 4;
    private static final Pattern OWN = Pattern.compile("batched_background_migration.*|databasechangelog(lock)?"
            + "|qrtz_(job_details|triggers|(simple|cron|simprop|blob|fired)_triggers|calendars|paused_trigger_grps"
            + "|scheduler_state|locks)");

    // A column as its name was written, or else as SQL reads it.
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

    // Columns are looked at only where the role has no right on the whole table. -1, -2 and -6 are ctid, xmin and
    // tableoid, which tell rows apart where no key does.
    private static final String FINDINGS =
            """
            WITH tables AS (
                SELECT ?::oid AS oid
                UNION
                SELECT relid::oid FROM pg_partition_tree(?::oid) WHERE isleaf
                UNION
                SELECT c.oid
                FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ? AND c.relname = ? AND c.relkind = 'S'
            ), looked_at AS (
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
                                a.attnum IN (-1, -2, -6) AND (?::boolean OR k.indkey IS NULL)
                                OR EXISTS (
                                    SELECT
                                    FROM unnest(k.indkey) WITH ORDINALITY AS part (attnum, place)
                                    WHERE part.attnum = a.attnum AND part.place <= k.indnkeyatts
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

    /** A table, partition or sequence that is not as it must be. */
    private record Finding(
            String quoted,
            String kind,
            String role,
            boolean hides,
            boolean owned,
            List<String> policies,
            List<String> children,
            @Nullable String parent,
            String grants) {}

    /**
     * Checks them, by one statement.
     *
     * @throws InvalidDefinitionException when the migration cannot run there, or would not see or not reach every row
     */
    void require(Connection connection) throws SQLException {
        List<Finding> findings = find(connection);
        for (Finding one : findings) {
            refusal(one).ifPresent(refusal -> {
                throw refusal;
            });
        }
        requireRights(findings);
    }

    private List<Finding> find(Connection connection) throws SQLException {
        List<String> sequence = needs.sequence()
                .map(SqlIdentifiers::parse)
                .filter(parts -> parts.size() == 2)
                .orElse(List.of("", ""));
        String[] reads = Stream.of(
                        target.key().columns().stream().map(Column::name),
                        needs.reads().stream(),
                        needs.writes().stream())
                .flatMap(names -> names)
                .toArray(String[]::new);
        String[] writes = needs.writes().toArray(String[]::new);
        return Sql.list(
                connection,
                FINDINGS,
                TableChecks::finding,
                target.oid(),
                target.oid(),
                sequence.get(0),
                sequence.get(1),
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

    private Optional<InvalidDefinitionException> refusal(Finding one) {
        if (one.kind().equals("f")) {
            return Optional.of(new InvalidDefinitionException(
                    FailureCode.INVALID_BBM_TABLE,
                    one.quoted() + ", a partition of " + target.table()
                            + ", is a foreign table, whose rows are in another"
                            + " database; detach it (ALTER TABLE " + one.parent() + " DETACH PARTITION " + one.quoted()
                            + "), or queue one migration for each of the other partitions"));
        }
        if (one.hides()) {
            return Optional.of(new InvalidDefinitionException(FailureCode.ROW_SECURITY, hidden(one)));
        }
        if (!one.children().isEmpty()) {
            String child = one.children().get(0);
            return Optional.of(new InvalidDefinitionException(
                    FailureCode.INHERITED_TABLE,
                    one.quoted() + " has children by inheritance (" + String.join(", ", one.children())
                            + "), whose rows no key of it tells apart from its own; queue one migration for each child,"
                            + " and take them off while the one of " + one.quoted() + " runs: ALTER TABLE " + child
                            + " NO INHERIT " + one.quoted()));
        }
        return Optional.empty();
    }

    private static String hidden(Finding one) {
        String bypass = "ALTER ROLE " + one.role() + " BYPASSRLS";
        return "row-level security of " + one.quoted() + " holds for the role " + one.role() + " ("
                + (one.policies().isEmpty() ? "no policy" : "policies " + String.join(", ", one.policies()))
                + "), so that rows may be hidden from it and would never be changed; "
                + (one.owned()
                        ? "ALTER TABLE " + one.quoted() + " NO FORCE ROW LEVEL SECURITY, or " + bypass
                        : bypass + ", or have the table's owner run the engine");
    }

    private static void requireRights(List<Finding> findings) {
        List<String> grants = findings.stream()
                .map(Finding::grants)
                .flatMap(each -> Arrays.stream(each.split("; ")))
                .distinct()
                .toList();
        if (grants.isEmpty()) {
            return;
        }
        String more = grants.size() > MOST_GRANTS
                ? "; and " + (grants.size() - MOST_GRANTS) + " more like these, for the other partitions"
                : "";
        throw new InvalidDefinitionException(
                FailureCode.INSUFFICIENT_PRIVILEGE,
                "the role " + findings.get(0).role()
                        + " lacks rights that it needs for the table and each of its partitions: "
                        + grants.stream().limit(MOST_GRANTS).collect(Collectors.joining("; ")) + more);
    }

    /**
     * Checks that a name of the catalogue is a table's which batches can be made of.
     *
     * @param written as the migration has it
     * @param name its schema and its name
     * @throws InvalidDefinitionException when it is not
     */
    static void requireTable(String written, List<String> name, String kind, boolean temporary) {
        String schema = name.get(0);
        if (schema.equals("pg_catalog") || schema.equals("information_schema") || schema.startsWith("pg_toast")) {
            throw noTable(written + " belongs to PostgreSQL itself; no migration changes it");
        }
        if (OWN.matcher(name.get(1)).matches()) {
            throw noTable(written + " belongs to the engine, Quartz or Liquibase; no migration changes it");
        }
        if (!kind.equals("r") && !kind.equals("p")) {
            throw noTable(written + " is not a table but " + what(kind));
        }
        if (temporary) {
            throw noTable(written + " is a temporary table, which no session but its own can see");
        }
    }

    private static InvalidDefinitionException noTable(String message) {
        return new InvalidDefinitionException(FailureCode.INVALID_BBM_TABLE, message);
    }

    private static String what(String kind) {
        return switch (kind) {
            case "v" -> "a view; name the table that holds the rows";
            case "m" -> "a materialized view, which only REFRESH changes; name the table that holds the rows";
            case "f" -> "a foreign table; run the migration in the database that holds the rows";
            case "S" -> "a sequence; name the table";
            case "i", "I" -> "an index; name its table";
            case "c" -> "a type";
            default -> "of the kind '" + kind + "'";
        };
    }
}
