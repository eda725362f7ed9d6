/**
 * Batched migrations without a scheduler: what a batched migration is, how its table is cut into batch jobs, and how a batch job runs so
 * that each row is changed exactly once. The module needs a {@link javax.sql.DataSource} and nothing else.
 *
 * <p>Start at {@link org.registrybbm.migrations.BatchedMigrations}.
 */
@NullMarked
package org.registrybbm.migrations;

import org.jspecify.annotations.NullMarked;
