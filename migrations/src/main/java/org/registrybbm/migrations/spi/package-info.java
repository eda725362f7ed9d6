/**
 * What schedulers call: plans, runs of batch jobs, offers, and the presence of a replica.
 *
 * <p>Applications use {@link org.registrybbm.migrations.BatchedMigrations}.
 */
@NullMarked
package org.registrybbm.migrations.spi;

import org.jspecify.annotations.NullMarked;
