package org.registrybbm.migrations.internal;

/**
 * A migration's table and column, found in the catalogue.
 *
 * @param oid the table's object id
 * @param table the table, quoted for SQL
 * @param partitioned whether it is a partitioned table
 * @param column the column, quoted for SQL
 * @param columnName the column's plain name
 * @param type the column's type, such as {@code bigint}
 */
public record Target(long oid, String table, boolean partitioned, String column, String columnName, String type) {}
