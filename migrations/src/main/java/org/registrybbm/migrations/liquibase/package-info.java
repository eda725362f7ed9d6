/**
 * Liquibase changes and preconditions, with which a changelog queues batched migrations and goes on only if they are finished. Liquibase
 * finds them by itself in the changelogs of any application that has this module and Liquibase on its class path.
 *
 * <p>They only write calls of the SQL functions that the engine's changelog creates. What those functions decide is in the SQL. This is the
 * only room that knows Liquibase.
 */
@NullMarked
package org.registrybbm.migrations.liquibase;

import org.jspecify.annotations.NullMarked;
