package org.registrybbm.migrations.internal.catalog;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;

/**
 * A column of a table, from the catalogue. Its type is the one that its domain stands for, if it has one.
 *
 * @param name its plain name
 * @param quoted its name, quoted for SQL
 * @param type its type without modifiers as SQL has it, such as {@code character varying}; how it is written depends on settings
 * @param typeName the same as {@code pg_type} names it, such as {@code varchar}; empty for types that are not PostgreSQL's own
 * @param notNull whether it is declared NOT NULL
 * @param collation its collation, quoted for SQL, or null for the database's or none
 * @param equality the operator that tells whether two values are equal, as {@code OPERATOR(schema.=)} where the type is an extension's,
 *     whose schema need not be in the search path
 */
public record Column(
        String name,
        String quoted,
        String type,
        String typeName,
        boolean notNull,
        @Nullable String collation,
        String equality) {
    /** That of PostgreSQL's own types. */
    static final String EQUAL = "=";

    // Of dates the style is always ISO and the zone UTC, see ValueSettings.
    private static final Set<String> SAME_TEXT = Set.of(
            "int2",
            "int4",
            "int8",
            "numeric",
            "bool",
            "oid",
            "uuid",
            "text",
            "varchar",
            "bpchar",
            "name",
            "bytea",
            "bit",
            "varbit",
            "money",
            "date",
            "time",
            "timetz",
            "timestamp",
            "timestamptz",
            "inet",
            "cidr",
            "macaddr",
            "macaddr8",
            "tid");

    // Money is counted in its smallest unit, as how it is written and read depends on lc_monetary.
    private static final String SMALLEST_UNIT = "scale(1::money::numeric)";

    /** Returns whether two values are equal only where their texts are; those of a collation of one's own may be so without. */
    boolean isEqualByText() {
        return hasOneText() && !typeName.equals("numeric") && collation == null;
    }

    /** Returns its value as a text that {@link #literal} takes. */
    String text(String qualifier) {
        String value = qualifier + quoted;
        return switch (typeName) {
            // Whatever bytea_output and standard_conforming_strings say.
            case "bytea" -> "(chr(92) || 'x' || encode(" + value + ", 'hex'))";
            case "money" -> "(" + value + "::numeric * power(10::numeric, " + SMALLEST_UNIT + "))::bigint::text";
            default -> value + "::text";
        };
    }

    /** Returns whether {@link #text} gives the same text under any settings. */
    boolean hasOneText() {
        return SAME_TEXT.contains(typeName);
    }

    /** Returns the column whose value is that of a member of a JSON object. */
    Column ofEntry(String json) {
        String value = valueOf("(" + json + " ->> " + SqlLiterals.text(name) + ")");
        String sorted = collation == null ? value : value + " COLLATE " + collation;
        return new Column(name, "(" + sorted + ")", type, typeName, notNull, collation, equality);
    }

    /** Returns a value as SQL that means the same under any settings. */
    String literal(String value) {
        return valueOf(SqlLiterals.text(value));
    }

    /** Returns the same of an expression that is a text. */
    String valueOf(String text) {
        return switch (typeName) {
            // Their plain names mean one character or bit.
            case "bpchar" -> text + "::bpchar";
            case "bit" -> text + "::varbit";
            case "money" -> "(" + text + "::numeric * power(10::numeric, -" + SMALLEST_UNIT + "))::money";
            default -> text + "::" + type;
        };
    }
}
