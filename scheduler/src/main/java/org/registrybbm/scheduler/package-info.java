/**
 * Runs batched migrations on Quartz: decides when and where batch jobs run. Only the tables of {@code org.registrybbm.migrations} say what
 * there is to do. Quartz wakes the workers, and a firing that is lost, late or doubled does no harm.
 *
 * <p>A Quartz application adds {@link org.registrybbm.scheduler.BatchedMigrationPlugin} by properties; any other application starts a
 * {@link org.registrybbm.scheduler.BatchedMigrationScheduler}.
 */
@NullMarked
package org.registrybbm.scheduler;

import org.jspecify.annotations.NullMarked;
