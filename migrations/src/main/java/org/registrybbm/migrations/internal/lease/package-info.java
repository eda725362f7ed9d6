/**
 * The right to run a batch job now: the claim, the lease and its fence, the pace that it is run at, and what becomes of it while the database
 * is away.
 *
 * <p>What is done with that right is in {@code internal.running}.
 */
@NullMarked
package org.registrybbm.migrations.internal.lease;

import org.jspecify.annotations.NullMarked;
