/**
 * The ground that every statement stands on: running statements, settings of transactions, time limits, sessions, literals and the keys of advisory locks.
 *
 * <p>It knows no table of the engine and none of an application.
 */
@NullMarked
package org.registrybbm.migrations.internal.jdbc;

import org.jspecify.annotations.NullMarked;
