/** What the engine costs: against the plain loop of UPDATE statements that somebody would run in psql, at scale, and an application beside it. By {@code -Pbenchmark} only. */
@NullMarked
package org.registrybbm.scheduler.benchmark;

import org.jspecify.annotations.NullMarked;
