/**
 * Reads what was thrown: which SQLSTATEs may pass, which a row is to blame for, and a text without row values.
 *
 * <p>What the engine does about a failure is decided where it happens.
 */
@NullMarked
package org.registrybbm.migrations.internal.failure;

import org.jspecify.annotations.NullMarked;
