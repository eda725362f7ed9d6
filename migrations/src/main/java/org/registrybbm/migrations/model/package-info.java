/**
 * The nouns: batched migrations, batch jobs, keys, sizes and statuses. Failures and settings have packages of their own.
 *
 * <p>These types know nothing of JDBC. The packages above this one read and write them.
 */
@NullMarked
package org.registrybbm.migrations.model;

import org.jspecify.annotations.NullMarked;
