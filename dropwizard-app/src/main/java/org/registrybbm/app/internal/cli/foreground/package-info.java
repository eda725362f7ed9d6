/** Commands that work for long in the process that they were typed in, and say how far they are. */
@NullMarked
package org.registrybbm.app.internal.cli.foreground;

import org.jspecify.annotations.NullMarked;
