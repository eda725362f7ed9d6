/** Tests of changelogs that queue batched migrations and wait for them, in every format that Liquibase reads, and of the SQL behind them. */
@NullMarked
package org.registrybbm.migrations.liquibase;

import org.jspecify.annotations.NullMarked;
