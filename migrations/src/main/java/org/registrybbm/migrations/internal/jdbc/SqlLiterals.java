package org.registrybbm.migrations.internal.jdbc;

/** Writes values as SQL text, for conditions that a work function puts into its own statements. */
public final class SqlLiterals {
    private SqlLiterals() {}

    /** Quotes a text so that it means the same under any setting of {@code standard_conforming_strings}. */
    public static String text(String value) {
        String quoted = "'" + value.replace("'", "''") + "'";
        return value.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    /** Quotes a text as a value of a type. The name of the type comes from the catalogue. */
    public static String of(String value, String type) {
        return text(value) + "::" + type;
    }
}
