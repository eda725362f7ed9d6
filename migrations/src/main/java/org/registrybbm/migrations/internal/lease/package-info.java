/**
 * The right to run a batch job now: the claim, the lease and its fence, the pace of the run, and what happens while the database is away.
 *
 * <p>What is done with that right is in {@code internal.running}.
 */
@NullMarked
package org.registrybbm.migrations.internal.lease;

import org.jspecify.annotations.NullMarked;
