/**
 * What a plan does for one migration: cut batch jobs, bring back those that failed, find gaps, set lethal rows aside, and end it.
 *
 * <p>Which migration is planned, and for how many workers, is decided by {@code spi.Planner}.
 */
@NullMarked
package org.registrybbm.migrations.internal.planning;

import org.jspecify.annotations.NullMarked;
