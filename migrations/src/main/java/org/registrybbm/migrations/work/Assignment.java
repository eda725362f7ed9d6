package org.registrybbm.migrations.work;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.registrybbm.migrations.internal.catalog.ColumnType;

/**
 * The assignment of an expression to a column, and which rows it has still to be done for: those whose column does not hold what
 * PostgreSQL would store. What is stored is compared and not what {@code =} makes of it, as that calls values equal which are not the same.
 *
 * @param column the column's name, quoted
 * @param target its type
 * @param value the expression
 * @param source its type
 * @param sameCollation whether both are of one collation that tells all texts apart
 */
record Assignment(String column, ColumnType target, String value, ColumnType source, boolean sameCollation) {
    // Types of which two values are equal only where they are stored as the same bytes.
    private static final Set<String> EXACT =
            Set.of("int2", "int4", "int8", "bool", "oid", "uuid", "bytea", "date", "time", "timestamp", "timestamptz");

    private static final Set<String> TEXTS = Set.of("text", "varchar");

    // A cast cuts what is too long for these, where an assignment refuses it.
    private static final Set<String> CUT_BY_CASTS = Set.of("bpchar", "varchar", "bit", "varbit");

    private static final Set<String> BITS = Set.of("bit", "varbit");

    /** Returns the condition of the rows that are not done; never NULL. */
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
        // Domains and what they stand for cannot be compared so.
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

    /** Those that the assignment refuses: they must not be taken for done, where the column holds what a cast makes of them. */
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
            // All bits of a bit(n) are there.
            return "length(" + value + (type.name().equals("bit") ? ") <> " : ") > ") + type.modifier();
        }
        // Blanks at the end are cut by an assignment too. The modifier counts the four bytes of a header.
        return "length(rtrim(CAST(%s AS %s)::text, ' ')) > %d".formatted(value, type.plainSql(), type.modifier() - 4);
    }
}
