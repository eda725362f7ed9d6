/** How a replica works: time limits, targets, attempts, and whether it keeps the container registry's own workers out. */
@NullMarked
package org.registrybbm.migrations.settings;

import org.jspecify.annotations.NullMarked;
