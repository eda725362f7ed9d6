/**
 * What was decided about migrations and why, as it was recorded.
 *
 * <p>Events that are told at once and not kept are in {@code event}.
 */
@NullMarked
package org.registrybbm.migrations.audit;

import org.jspecify.annotations.NullMarked;
