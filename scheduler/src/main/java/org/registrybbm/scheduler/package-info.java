/**
 * Batched migrations on Quartz: when and where batch jobs run. The tables of {@code org.registrybbm.migrations} are the truth;
 * Quartz is the alarm clock, and a firing that is lost, late or doubled changes nothing.
 *
 * <p>A Quartz application adds {@link org.registrybbm.scheduler.BatchedMigrationPlugin} by properties; any other application
 * starts a {@link org.registrybbm.scheduler.BatchedMigrationScheduler}.
 */
@NullMarked
package org.registrybbm.scheduler;

import org.jspecify.annotations.NullMarked;
