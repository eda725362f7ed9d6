/** What this process was given and how it writes, whatever its locale is. */
@NullMarked
package org.registrybbm.app.internal.process;

import org.jspecify.annotations.NullMarked;
