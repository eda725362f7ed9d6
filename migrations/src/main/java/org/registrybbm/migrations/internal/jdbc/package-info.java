/**
 * The basis of every statement: running statements, settings of transactions, time limits, sessions, literals, and the keys of advisory
 * locks.
 *
 * <p>This room knows neither the engine's tables nor those of an application.
 */
@NullMarked
package org.registrybbm.migrations.internal.jdbc;

import org.jspecify.annotations.NullMarked;
