/**
 * What authors write and what they are given: work functions, their context and batches, the registry, and the work functions that are shipped.
 *
 * <p>The engine calls it; it knows nothing of walks, leases or plans.
 */
@NullMarked
package org.registrybbm.migrations.work;

import org.jspecify.annotations.NullMarked;
