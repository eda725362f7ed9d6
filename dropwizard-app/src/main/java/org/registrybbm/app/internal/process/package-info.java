/** Reads what this process was given, and sets up its output, whatever its locale is. */
@NullMarked
package org.registrybbm.app.internal.process;

import org.jspecify.annotations.NullMarked;
