/**
 * Connections to the database and its schema: pools, direct connections, the changelog, and the locks that it needs.
 *
 * <p>The database that the demonstration brings is in {@code internal.embedded}.
 */
@NullMarked
package org.registrybbm.app.internal.database;

import org.jspecify.annotations.NullMarked;
