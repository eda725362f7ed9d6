/** Writes one log line for each event, as JSON or as text, and hides secrets. */
@NullMarked
package org.registrybbm.app.internal.logging;

import org.jspecify.annotations.NullMarked;
