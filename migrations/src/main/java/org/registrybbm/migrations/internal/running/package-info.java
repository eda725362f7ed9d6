/**
 * One run of one batch job: the claim, the lease, the fence, the sub-batches, rows that fail, and the proof that none is left.
 *
 * <p>It does not choose what to run.
 */
@NullMarked
package org.registrybbm.migrations.internal.running;

import org.jspecify.annotations.NullMarked;
