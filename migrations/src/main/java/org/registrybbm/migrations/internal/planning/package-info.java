/**
 * What a plan does for one migration: cut batch jobs, bring failed ones back, find gaps, set aside rows that kill workers, and end the
 * migration.
 *
 * <p>{@code spi.Planner} decides which migration is planned, and for how many workers.
 */
@NullMarked
package org.registrybbm.migrations.internal.planning;

import org.jspecify.annotations.NullMarked;
