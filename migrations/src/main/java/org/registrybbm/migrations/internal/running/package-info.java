/**
 * One run of one batch job: its sub-batches, rows that fail, and the proof that none is left.
 *
 * <p>It does not choose what to run. The right to run it is in {@code internal.lease}.
 */
@NullMarked
package org.registrybbm.migrations.internal.running;

import org.jspecify.annotations.NullMarked;
