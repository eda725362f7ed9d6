/**
 * Statements on the engine's own tables that several rooms share: migrations, batch jobs, events, locks that are waited for.
 *
 * <p>Statements that one room alone needs are in that room.
 */
@NullMarked
package org.registrybbm.migrations.internal.tables;

import org.jspecify.annotations.NullMarked;
