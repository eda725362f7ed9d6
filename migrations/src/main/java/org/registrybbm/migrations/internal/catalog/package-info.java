/**
 * What PostgreSQL's catalogue says about tables: columns, keys, indexes, partitions, statistics, privileges, and how rows are told apart.
 *
 * <p>Of an application's tables, it reads only what the catalogue says about them, never their rows.
 */
@NullMarked
package org.registrybbm.migrations.internal.catalog;

import org.jspecify.annotations.NullMarked;
