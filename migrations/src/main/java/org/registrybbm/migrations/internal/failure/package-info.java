/**
 * Interprets what was thrown: which SQLSTATEs may pass by themselves, which are the fault of a row, and a text without row values.
 *
 * <p>What the engine does about a failure is decided in the room where it happens.
 */
@NullMarked
package org.registrybbm.migrations.internal.failure;

import org.jspecify.annotations.NullMarked;
