/**
 * Reading and changing budgets: how many batch jobs and rows per second the fleet, a migration or a table may have.
 *
 * <p>How budgets are shared among migrations is in {@code internal.sharing}.
 */
@NullMarked
package org.registrybbm.migrations.budget;

import org.jspecify.annotations.NullMarked;
