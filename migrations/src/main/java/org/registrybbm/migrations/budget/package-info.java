/**
 * How many batch jobs and rows a second the fleet, a migration or a table may have: reading and changing it.
 *
 * <p>How budgets are shared out is in {@code internal.sharing}.
 */
@NullMarked
package org.registrybbm.migrations.budget;

import org.jspecify.annotations.NullMarked;
