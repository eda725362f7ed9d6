/**
 * Rows that could not be changed, from the engine's side: listing them, leaving them out, trying them again.
 *
 * <p>What people do about these rows is in {@code quarantine}.
 */
@NullMarked
package org.registrybbm.migrations.internal.quarantine;

import org.jspecify.annotations.NullMarked;
