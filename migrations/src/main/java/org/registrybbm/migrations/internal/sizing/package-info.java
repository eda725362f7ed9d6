/**
 * How big batches and sub-batches are, by how long the last ones took. Pure arithmetic and the figures that it needs.
 *
 * <p>It changes nothing in the database.
 */
@NullMarked
package org.registrybbm.migrations.internal.sizing;

import org.jspecify.annotations.NullMarked;
