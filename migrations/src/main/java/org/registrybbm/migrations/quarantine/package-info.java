/**
 * What people do about rows that could not be changed: look at them, have them tried again, or leave them as they are.
 *
 * <p>How the engine finds such rows and leaves them out is in {@code internal.quarantine}.
 */
@NullMarked
package org.registrybbm.migrations.quarantine;

import org.jspecify.annotations.NullMarked;
