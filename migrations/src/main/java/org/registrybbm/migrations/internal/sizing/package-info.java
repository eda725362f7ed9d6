/**
 * How large batches and sub-batches are, from how long the last ones took: pure arithmetic, and the figures that it needs.
 *
 * <p>Nothing here changes anything in the database.
 */
@NullMarked
package org.registrybbm.migrations.internal.sizing;

import org.jspecify.annotations.NullMarked;
