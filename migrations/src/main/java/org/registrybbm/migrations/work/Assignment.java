package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.registrybbm.migrations.internal.catalog.ColumnType;

/**
 * The assignment of an expression to a column. It also says which rows are pending: those whose column does not hold the value that
 * PostgreSQL would store. Stored values are compared, and not with {@code =}, because {@code =} calls some different values equal.
 *
 * @param column the column's name, quoted
 * @param target the column's type
 * @param value the expression
 * @param source the expression's type
 * @param sameCollation whether both have the same collation, and that collation never calls different texts equal
 */
record Assignment(String column, ColumnType target, String value, ColumnType source, boolean sameCollation) {
    // Types whose values are equal only if they are stored as the same bytes.
    private static final Set<String> EXACT =
            Set.of("int2", "int4", "int8", "bool", "oid", "uuid", "bytea", "date", "time", "timestamp", "timestamptz");

    private static final Set<String> TEXTS = Set.of("text", "varchar");

    // A cast cuts values that are too long for these types; an assignment refuses them.
    private static final Set<String> CUT_BY_CASTS = Set.of("bpchar", "varchar", "bit", "varbit");

    private static final Set<String> BITS = Set.of("bit", "varbit");

    /** Returns the condition that is true for pending rows. It is never NULL. */
    String pending(Connection connection) throws SQLException {
        if (target.isInteger() && source.isInteger()) {
            return column + " IS DISTINCT FROM " + value;
        }
        return different()
                + tooLong(connection).map(condition -> " OR " + condition).orElse("");
    }

    private String different() {
        String stored = isStoredAsItIs() ? value : "CAST(" + value + " AS " + target.sql() + ")";
        if (EXACT.contains(target.name()) || target.name().equals("numeric") && target.modifier() >= 0) {
            return column + " IS DISTINCT FROM " + stored;
        }
        if (TEXTS.contains(target.name())) {
            return sameCollation
                    ? column + " IS DISTINCT FROM " + stored
                    : "(" + column + " COLLATE \"C\") IS DISTINCT FROM (" + stored + " COLLATE \"C\")";
        }
        // This function cannot compare a domain with its base type, so domains are cast to the base type.
        return "pg_catalog.record_image_ne(ROW(%s), ROW(%s))"
                .formatted(base(column, target, target), base(stored, source, target));
    }

    private static String base(String expression, ColumnType type, ColumnType wanted) {
        return type.isDomain() ? "CAST(" + expression + " AS " + wanted.sql() + ")" : expression;
    }

    private boolean isStoredAsItIs() {
        return source.plainSql().equals(target.plainSql())
                && (target.modifier() < 0 || target.modifier() == source.modifier());
    }

    /**
     * Returns the condition of the rows that the assignment refuses because their value is too long. Such a row must not count as done if
     * its column happens to hold the value that a cast would cut it to.
     */
    private Optional<String> tooLong(Connection connection) throws SQLException {
        if (isStoredAsItIs()) {
            return Optional.empty();
        }
        Optional<ColumnType> elements = target.elements(connection);
        if (elements.isEmpty()) {
            return isCut(target) ? Optional.of("coalesce(" + tooLong(target, value) + ", false)") : Optional.empty();
        }
        return isCut(elements.get())
                ? Optional.of(
                        "EXISTS (SELECT FROM unnest(" + value + ") AS registry_bbm_element (registry_bbm_value) WHERE "
                                + tooLong(elements.get(), "registry_bbm_value") + ")")
                : Optional.empty();
    }

    private static boolean isCut(ColumnType type) {
        return type.modifier() >= 0 && CUT_BY_CASTS.contains(type.name());
    }

    private static String tooLong(ColumnType type, String value) {
        if (BITS.contains(type.name())) {
            // A bit(n) always has all its n bits; a varbit(n) has at most n.
            return "length(" + value + (type.name().equals("bit") ? ") <> " : ") > ") + type.modifier();
        }
        // An assignment also cuts blanks at the end, so they do not count. The modifier includes 4 bytes for a header.
        return "length(rtrim(CAST(%s AS %s)::text, ' ')) > %d".formatted(value, type.plainSql(), type.modifier() - 4);
    }
}
