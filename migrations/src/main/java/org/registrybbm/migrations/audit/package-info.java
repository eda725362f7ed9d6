/**
 * The records of what was decided about migrations, and why.
 *
 * <p>The events that listeners are told at once, and that are not kept, are in {@code event}.
 */
@NullMarked
package org.registrybbm.migrations.audit;

import org.jspecify.annotations.NullMarked;
