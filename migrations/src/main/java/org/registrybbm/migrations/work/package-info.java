/**
 * What authors write and what they are given: work functions, their context and batches, the registry, and the shipped work functions.
 *
 * <p>The engine calls this package. The package knows nothing of walks, leases or plans.
 */
@NullMarked
package org.registrybbm.migrations.work;

import org.jspecify.annotations.NullMarked;
