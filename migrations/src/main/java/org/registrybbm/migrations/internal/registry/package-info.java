/**
 * The advisory lock of the container registry's own software, and the gate that keeps it and the engine apart on one database.
 *
 * <p>Statements that only read that software's tables may be in any room.
 */
@NullMarked
package org.registrybbm.migrations.internal.registry;

import org.jspecify.annotations.NullMarked;
