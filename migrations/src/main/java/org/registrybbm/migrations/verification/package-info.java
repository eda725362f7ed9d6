/**
 * The search for rows that are still pending, when a person asks for it.
 *
 * <p>The proof that the engine makes before it finishes a migration is in {@code internal.running}.
 */
@NullMarked
package org.registrybbm.migrations.verification;

import org.jspecify.annotations.NullMarked;
