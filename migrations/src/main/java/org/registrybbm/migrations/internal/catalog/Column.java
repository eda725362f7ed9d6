package org.registrybbm.migrations.internal.catalog;

import java.math.BigDecimal;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.SqlLiterals;

/**
 * A column of a table, from the catalogue. If its type is a domain, {@code type} and {@code typeName} are those of the type below the
 * domain.
 *
 * @param name its plain name
 * @param quoted its name, quoted for SQL
 * @param type its type without modifiers as SQL writes it, such as {@code character varying}; this text depends on settings
 * @param typeName the name of its type in {@code pg_type}, such as {@code varchar}; empty for types that are not PostgreSQL's own
 * @param notNull whether it is declared NOT NULL
 * @param collation its collation, quoted for SQL; null if it has none or that of the database
 * @param deterministic whether its collation takes two texts for equal only if they are the same
 * @param equality the operator that tells whether two values are equal; {@code OPERATOR(schema.=)} if the type belongs to an extension,
 *     whose schema need not be in the search path
 */
public record Column(
        String name,
        String quoted,
        String type,
        String typeName,
        boolean notNull,
        @Nullable String collation,
        boolean deterministic,
        String equality) {
    /** The equality operator of PostgreSQL's own types. */
    static final String EQUAL = "=";

    // Dates are always written in the style ISO and in the time zone UTC, see ValueSettings.
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

    private static final Pattern NUMBER = Pattern.compile("-?[0-9.]+");

    // Money is counted in its smallest unit, because how it is written and read depends on lc_monetary.
    private static final String SMALLEST_UNIT = "scale(1::money::numeric)";

    /** Returns whether two values that are written as these texts are certainly not equal. */
    boolean tellsApart(String one, String other) {
        if (one.equals(other) || !hasOneText() || !deterministic) {
            return false;
        }
        // 1.0 and 1.00 are equal. NaN and the infinities have one text each.
        return !typeName.equals("numeric")
                || !NUMBER.matcher(one).matches()
                || !NUMBER.matcher(other).matches()
                || new BigDecimal(one).compareTo(new BigDecimal(other)) != 0;
    }

    /** Returns an expression for the column's value as a text that {@link #literal} accepts. */
    String text(String qualifier) {
        String value = qualifier + quoted;
        return switch (typeName) {
            // This does not depend on bytea_output and standard_conforming_strings.
            case "bytea" -> "(chr(92) || 'x' || encode(" + value + ", 'hex'))";
            case "money" -> "(" + value + "::numeric * power(10::numeric, " + SMALLEST_UNIT + "))::bigint::text";
            default -> value + "::text";
        };
    }

    /** Returns whether {@link #text} gives the same text under any settings. */
    boolean hasOneText() {
        return SAME_TEXT.contains(typeName);
    }

    /** Returns a column that reads its value from the member of that name of a JSON object. */
    Column ofEntry(String json) {
        String value = valueOf("(" + json + " ->> " + SqlLiterals.text(name) + ")");
        String sorted = collation == null ? value : value + " COLLATE " + collation;
        return new Column(name, "(" + sorted + ")", type, typeName, notNull, collation, deterministic, equality);
    }

    /** Returns a value as SQL that means the same under any settings. */
    String literal(String value) {
        return valueOf(SqlLiterals.text(value));
    }

    /** Returns the value of an SQL expression that is a text, as {@link #literal} does for a constant. */
    String valueOf(String text) {
        return switch (typeName) {
            // The type names "character" and "bit" mean a length of 1.
            case "bpchar" -> text + "::bpchar";
            case "bit" -> text + "::varbit";
            case "money" -> "(" + text + "::numeric * power(10::numeric, -" + SMALLEST_UNIT + "))::money";
            default -> text + "::" + type;
        };
    }
}
