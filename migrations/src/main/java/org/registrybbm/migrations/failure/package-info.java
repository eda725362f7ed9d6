/**
 * Why a migration failed, as it is written down, and the exceptions that callers get.
 *
 * <p>How an exception of the driver or of a work function is read is in {@code internal.failure}.
 */
@NullMarked
package org.registrybbm.migrations.failure;

import org.jspecify.annotations.NullMarked;
