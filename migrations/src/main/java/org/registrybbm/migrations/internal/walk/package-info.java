/**
 * How a table is gone over: the batching strategies, walks and their ranges, and what a change of the table means for them.
 *
 * <p>It hands out no batch job and runs none.
 */
@NullMarked
package org.registrybbm.migrations.internal.walk;

import org.jspecify.annotations.NullMarked;
