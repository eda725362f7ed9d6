/**
 * Connects to the database and changes its schema: pools, direct connections, the changelog, and the locks that it waits for.
 *
 * <p>The embedded PostgreSQL is in {@code internal.embedded}.
 */
@NullMarked
package org.registrybbm.app.internal.database;

import org.jspecify.annotations.NullMarked;
