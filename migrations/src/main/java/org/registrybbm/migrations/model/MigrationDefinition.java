package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * What a batched migration does, and to which table. It stays as it is once rows were changed by it: two definitions that are equal are the
 * same work.
 *
 * @param signature {@code job_signature_name}: the name of its work function
 * @param arguments JSON object for the work function, or null
 * @param table {@code table_name} as written: {@code <schema>.<table>}
 * @param column {@code column_name} as written: the column that the strategy walks, several of them separated by commas
 * @param strategy {@code batching_strategy}, or null for ranges of the key; see {@link Strategy}
 */
public record MigrationDefinition(
        String signature,
        @Nullable String arguments,
        String table,
        String column,
        @Nullable String strategy) {}
