/**
 * Statements on the engine's own tables that several rooms share: migrations, batch jobs, events, and waits for locks.
 *
 * <p>Statements that only one room needs are in that room.
 */
@NullMarked
package org.registrybbm.migrations.internal.tables;

import org.jspecify.annotations.NullMarked;
