/**
 * The reasons why migrations fail, as they are recorded, and the exceptions that callers get.
 *
 * <p>The interpretation of exceptions of the driver and of work functions is in {@code internal.failure}.
 */
@NullMarked
package org.registrybbm.migrations.failure;

import org.jspecify.annotations.NullMarked;
