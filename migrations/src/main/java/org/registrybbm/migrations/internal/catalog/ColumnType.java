package org.registrybbm.migrations.internal.catalog;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.registrybbm.migrations.internal.jdbc.Jdbc;

/**
 * The type of a column or a cast, with its modifier. A domain is resolved to the type below all domains.
 *
 * @param name the type's name in {@code pg_type}; empty for types that are not PostgreSQL's own
 * @param declared the domain or type with its modifier, for casts
 * @param modifier -1 for none
 * @param sql the type with its modifier, for casts
 * @param plainSql the type without its modifier, for casts
 * @param composite whether the type has fields
 * @param element the object id of the element type if this is an array, otherwise 0
 */
public record ColumnType(
        String name, String declared, int modifier, String sql, String plainSql, boolean composite, long element) {
    private static final Set<String> INTEGERS = Set.of("int2", "int4", "int8");
    private static final Set<String> WITH_ZONE = Set.of("timestamptz");
    private static final Set<String> WITHOUT_ZONE = Set.of("timestamp", "date");

    private static final Set<String> DATES = Set.of("date", "time", "timetz", "timestamp", "timestamptz");
    private static final Set<String> WITHOUT_DATES = Set.of(
            "int2",
            "int4",
            "int8",
            "numeric",
            "float4",
            "float8",
            "money",
            "bool",
            "oid",
            "uuid",
            "text",
            "varchar",
            "bpchar",
            "name",
            "char",
            "bytea",
            "bit",
            "varbit",
            "time",
            "timetz",
            "interval",
            "inet",
            "cidr",
            "json",
            "jsonb",
            "xml");

    private static final String BASE = """
            WITH RECURSIVE base AS (
                SELECT 0 AS depth, %s
                UNION ALL
                SELECT base.depth + 1, t.typbasetype, t.typtypmod
                FROM base
                JOIN pg_type t ON t.oid = base.oid
                WHERE t.typtype = 'd'
            )
            SELECT CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname ELSE '' END AS name,
                (SELECT format_type(d.oid, d.modifier) FROM base AS d WHERE d.depth = 0) AS declared, base.modifier,
                format_type(t.oid, base.modifier) AS sql, format_type(t.oid, -1) AS plain_sql,
                t.typtype = 'c' AS composite,
                CASE WHEN t.typlen = -1 AND t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE 0 END
                    AS element
            FROM base
            JOIN pg_type t ON t.oid = base.oid
            WHERE t.typtype <> 'd'
            """;

    private static final String OF_COLUMN = BASE.formatted("""
            a.atttypid AS oid, a.atttypmod AS modifier
                FROM pg_attribute a
                WHERE a.attrelid = ?::regclass
                    AND a.attname = ?
            """.strip());

    private static final String OF_OID = BASE.formatted("?::oid AS oid, ?::int AS modifier");

    private static final String OF_NAME = BASE.formatted("?::regtype::oid AS oid, -1 AS modifier");

    public static ColumnType of(Connection connection, String table, Column column) throws SQLException {
        return Jdbc.one(connection, OF_COLUMN, ColumnType::read, table, column.name());
    }

    /** Returns the type that a cast names, by its SQL name. */
    public static ColumnType named(Connection connection, String name) throws SQLException {
        return Jdbc.one(connection, OF_NAME, ColumnType::read, name);
    }

    /** Returns the type of an array's elements, with the modifier of the array; empty if this is no array. */
    public Optional<ColumnType> elements(Connection connection) throws SQLException {
        return element == 0 ? Optional.empty() : Jdbc.first(connection, OF_OID, ColumnType::read, element, modifier);
    }

    public boolean isDate() {
        return DATES.contains(name);
    }

    public boolean isDomain() {
        return !declared.equals(sql);
    }

    public boolean isInteger() {
        return INTEGERS.contains(name);
    }

    /**
     * Returns whether the text of a value may depend on how the session writes dates. Only for a few types is it known that it does not.
     */
    public boolean mayHoldDates() {
        return !WITHOUT_DATES.contains(name);
    }

    /** Returns whether a value is a point in time that is the same in every time zone. */
    public boolean hasZone() {
        return WITH_ZONE.contains(name);
    }

    /** Returns whether a value is a date, with or without a time, that means another point in time in each time zone. */
    public boolean lacksZone() {
        return WITHOUT_ZONE.contains(name);
    }

    private static ColumnType read(ResultSet row) throws SQLException {
        return new ColumnType(
                row.getString("name"),
                row.getString("declared"),
                row.getInt("modifier"),
                row.getString("sql"),
                row.getString("plain_sql"),
                row.getBoolean("composite"),
                row.getLong("element"));
    }
}
