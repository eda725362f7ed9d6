/**
 * The nouns: batched migrations, batch jobs, keys, sizes and statuses. Failures and settings have rooms of their own.
 *
 * <p>They know nothing of JDBC and of each other's tables. Whatever reads or writes them lives above.
 */
@NullMarked
package org.registrybbm.migrations.model;

import org.jspecify.annotations.NullMarked;
