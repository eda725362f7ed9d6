/**
 * Liquibase changes that widen an integer column, and what refers to it, while the application reads and writes. What there is to do is in
 * the SQL functions of the engine's changelog, above all {@code column_conversion_steps}; here the steps are run one after the other.
 */
@NullMarked
package org.registrybbm.migrations.liquibase.conversion;

import org.jspecify.annotations.NullMarked;
