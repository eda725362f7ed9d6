package org.registrybbm.migrations.internal.catalog;

/**
 * A table that a migration works on, with the columns of its key, as found in the catalogue.
 *
 * @param oid the table's object id
 * @param table the table, quoted for SQL
 * @param partitioned whether it is a partitioned table
 * @param key the columns that {@code column_name} names
 */
public record TargetTable(long oid, String table, boolean partitioned, KeyColumns key) {
    /** Returns the key's columns, quoted for SQL. */
    public String column() {
        return key.list();
    }

    /** Returns the first column of the key. */
    public Column firstColumn() {
        return key.columns().get(0);
    }
}
