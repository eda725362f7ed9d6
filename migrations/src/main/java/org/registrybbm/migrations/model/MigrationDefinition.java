package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * What a batched migration does, and to which table. It must not be changed any more once rows were changed by it. Definitions that are
 * equal mean the same work.
 *
 * @param signature {@code job_signature_name}: the name of its work function
 * @param arguments {@code arguments}: a JSON object for the work function, or null for none
 * @param table {@code table_name} as it was written: {@code <schema>.<table>}
 * @param column {@code column_name} as it was written: the column that the batching strategy walks, or several, separated by commas
 * @param strategy {@code batching_strategy}, or null for ranges of a key; see {@link Strategy}
 */
public record MigrationDefinition(
        String signature,
        @Nullable String arguments,
        String table,
        String column,
        @Nullable String strategy) {}
