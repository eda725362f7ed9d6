/**
 * How a table is cut and which rows a sub-batch takes: the batching strategies, the table as they see it, and the statements on its rows.
 *
 * <p>Which walks a migration has and what they have come to is in {@code internal.walk}.
 */
@NullMarked
package org.registrybbm.migrations.internal.strategy;

import org.jspecify.annotations.NullMarked;
