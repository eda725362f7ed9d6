package org.registrybbm.migrations.internal.jdbc;

/** Values as SQL text, for conditions that a work function puts into statements of its own. */
public final class SqlLiterals {
    private SqlLiterals() {}

    /** Quotes a text for any setting of {@code standard_conforming_strings}. */
    public static String text(String value) {
        String quoted = "'" + value.replace("'", "''") + "'";
        return value.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    /** Quotes a text as a value of a type, whose name comes from the catalogue. */
    public static String of(String value, String type) {
        return text(value) + "::" + type;
    }
}
