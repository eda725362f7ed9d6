/**
 * Looking through the tables of a migration for rows that are not done, when a person asks for it.
 *
 * <p>The proof that a migration makes by itself is in {@code internal.running}.
 */
@NullMarked
package org.registrybbm.migrations.verification;

import org.jspecify.annotations.NullMarked;
