package org.registrybbm.migrations.internal;

import org.jspecify.annotations.Nullable;

/**
 * A column of a table, from the catalogue.
 *
 * @param name its plain name
 * @param quoted its name, quoted for SQL
 * @param type its type without modifiers, such as {@code character varying}
 * @param notNull whether it is declared NOT NULL
 * @param collation its collation, quoted for SQL, or null for the database's or none
 */
public record Column(
        String name,
        String quoted,
        String type,
        boolean notNull,
        @Nullable String collation) {
    String literal(String value) {
        // Their plain names mean one character or bit.
        return Literals.of(
                value,
                switch (type) {
                    case "character" -> "bpchar";
                    case "bit" -> "varbit";
                    default -> type;
                });
    }
}
