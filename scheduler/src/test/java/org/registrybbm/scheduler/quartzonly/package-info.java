/** An application that knows Quartz and nothing of the scheduler module but its plugin's name. */
@NullMarked
package org.registrybbm.scheduler.quartzonly;

import org.jspecify.annotations.NullMarked;
