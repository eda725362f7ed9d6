/**
 * Reads a changelog as a careful colleague would, and tells what will go wrong with its batched migrations: a gate that is missing, misspelt
 * or can be lost, a constraint before the data is there.
 */
@NullMarked
package org.registrybbm.migrations.liquibase.lint;

import org.jspecify.annotations.NullMarked;
