/**
 * Rows that could not be changed, as the engine sees them: listing them, sparing them, trying them again.
 *
 * <p>What people do about them is in {@code quarantine}.
 */
@NullMarked
package org.registrybbm.migrations.internal.quarantine;

import org.jspecify.annotations.NullMarked;
