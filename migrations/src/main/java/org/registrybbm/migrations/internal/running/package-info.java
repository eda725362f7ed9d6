/**
 * One run of one batch job: its sub-batches, failing rows, and the proof that no row is left.
 *
 * <p>What to run is chosen elsewhere. The right to run it is in {@code internal.lease}.
 */
@NullMarked
package org.registrybbm.migrations.internal.running;

import org.jspecify.annotations.NullMarked;
