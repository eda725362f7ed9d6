package org.registrybbm.migrations.internal.jdbc;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads dotted SQL identifiers as PostgreSQL does: {@code public."Weird ""Name"} has two parts, and unquoted parts are lower-cased. The
 * parts are names to look up in the catalogue, never text to put into a statement.
 */
public final class SqlIdentifiers {
    private final String text;
    private int at;

    private SqlIdentifiers(String text) {
        this.text = text;
    }

    /**
     * Returns an SQL expression that quotes a name if it must be quoted, as {@code quote_ident} does. It gives the same text whatever
     * {@code quote_all_identifiers} says. Tables are stored and compared by this text, and another session may have another setting.
     *
     * @param name an SQL expression
     */
    public static String quotedInSql(String name) {
        return """
                CASE
                    WHEN current_setting('quote_all_identifiers') = 'off'
                        OR %1$s !~ '^[a-z_][a-z0-9_]*$'
                        OR %1$s IN (SELECT word FROM pg_get_keywords() WHERE catcode <> 'U')
                    THEN quote_ident(%1$s)
                    ELSE %1$s
                END
                """.formatted(name + "::text").strip();
    }

    /** Returns an SQL expression for the quoted names of a schema and a table, such as {@code public."Weird ""Name"}. */
    public static String quotedInSql(String schema, String table) {
        return quotedInSql(schema) + " || '.' || " + quotedInSql(table);
    }

    /** Returns the parts, or an empty list if the text does not consist of identifiers only. */
    public static List<String> parse(String text) {
        return new SqlIdentifiers(text).parts();
    }

    /** Splits a list of identifiers at its commas; a comma within double quotes is part of a name. */
    public static List<String> split(String text) {
        List<String> names = new ArrayList<>();
        int start = 0;
        boolean quoted = false;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || text.charAt(i) == ',' && !quoted) {
                names.add(text.substring(start, i).strip());
                start = i + 1;
            } else if (text.charAt(i) == '"') {
                quoted = !quoted;
            }
        }
        return names;
    }

    private List<String> parts() {
        List<String> parts = new ArrayList<>();
        while (true) {
            String part = at < text.length() && text.charAt(at) == '"' ? quoted() : unquoted();
            if (part.isEmpty()) {
                return List.of();
            }
            parts.add(part);
            if (at == text.length()) {
                return parts;
            }
            if (text.charAt(at) != '.') {
                return List.of();
            }
            at++;
        }
    }

    private String quoted() {
        StringBuilder name = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c != '"') {
                name.append(c);
            } else if (at + 1 < text.length() && text.charAt(at + 1) == '"') {
                name.append('"');
                at++;
            } else {
                at++;
                return name.toString();
            }
        }
        return "";
    }

    private String unquoted() {
        int start = at;
        while (at < text.length() && (at == start ? isStart(text.charAt(at)) : isPart(text.charAt(at)))) {
            at++;
        }
        return text.substring(start, at).toLowerCase(Locale.ROOT);
    }

    private static boolean isStart(char c) {
        return c == '_' || Character.isLetter(c);
    }

    private static boolean isPart(char c) {
        return isStart(c) || c == '$' || c >= '0' && c <= '9';
    }
}
