/**
 * What PostgreSQL's catalogue says of tables: columns, keys, indexes, partitions, statistics, rights, and how rows are told apart.
 *
 * <p>It reads an application's tables only as far as the catalogue describes them.
 */
@NullMarked
package org.registrybbm.migrations.internal.catalog;

import org.jspecify.annotations.NullMarked;
