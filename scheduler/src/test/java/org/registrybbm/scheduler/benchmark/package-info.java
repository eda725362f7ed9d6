/** How fast the engine is against the plain loop of UPDATE statements that somebody would run in psql. By {@code -Pbenchmark} only. */
@NullMarked
package org.registrybbm.scheduler.benchmark;

import org.jspecify.annotations.NullMarked;
