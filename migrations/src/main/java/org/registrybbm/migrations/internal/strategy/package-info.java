/**
 * How a table is cut into batches, and which rows the next sub-batch takes: the batching strategies.
 *
 * <p>What is known of the rows themselves is in {@code internal.rows}. Which walks a migration has and what they have come to is in
 * {@code internal.walk}.
 */
@NullMarked
package org.registrybbm.migrations.internal.strategy;

import org.jspecify.annotations.NullMarked;
