/**
 * What becomes of the records of migrations that finished long ago: folding batch jobs, and deleting samples and events.
 *
 * <p>When that is done, and by whom, is not decided here but in {@code spi}.
 */
@NullMarked
package org.registrybbm.migrations.internal.retention;

import org.jspecify.annotations.NullMarked;
