/**
 * How a migration goes over its tables: the walks and their ranges, and what a change of the definition or of a table means for them.
 *
 * <p>How a table is cut is in {@code internal.strategy}. Nothing here hands out a batch job or runs one.
 */
@NullMarked
package org.registrybbm.migrations.internal.walk;

import org.jspecify.annotations.NullMarked;
