/** Columns are widened while others read and write. */
@NullMarked
package org.registrybbm.migrations.liquibase.conversion;

import org.jspecify.annotations.NullMarked;
