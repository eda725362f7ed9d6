package org.registrybbm.migrations.liquibase.lint;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.SqlIdentifiers;

/**
 * The name of a table in a changelog.
 *
 * @param schema the schema, or null where none is written
 * @param table the table
 */
record TableName(@Nullable String schema, String table) {
    /** Reads a name as SQL writes it. */
    static TableName parse(String text) {
        try {
            List<String> parts = SqlIdentifiers.parse(text);
            return parts.size() == 1
                    ? new TableName(null, parts.get(0))
                    : new TableName(parts.get(parts.size() - 2), parts.get(parts.size() - 1));
        } catch (IllegalArgumentException e) {
            return new TableName(null, text);
        }
    }

    /** Reads a name as Liquibase's own changes write it, whose case is that of the database's. */
    static TableName of(@Nullable String schema, @Nullable String table) {
        return new TableName(schema == null ? null : lower(schema), table == null ? "" : lower(table));
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    /** Returns whether both may mean the same table: where one has no schema, the names decide. */
    boolean mayBe(TableName other) {
        return lower(table).equals(lower(other.table))
                && (schema == null || other.schema == null || lower(schema).equals(lower(other.schema)));
    }

    @Override
    public String toString() {
        return schema == null ? table : schema + "." + table;
    }
}
