/**
 * The rows of one table as a walk sees them: which are pending and which are in quarantine, how they are listed, counted and found again.
 *
 * <p>Which of them the next sub-batch takes is decided in {@code internal.strategy}.
 */
@NullMarked
package org.registrybbm.migrations.internal.rows;

import org.jspecify.annotations.NullMarked;
