package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * A batched migration to queue from code, as the contract's plain {@code INSERT} would.
 *
 * @param name unique name
 * @param signature name of its work function
 * @param table {@code <schema>.<table>}
 * @param column the column that the strategy walks
 * @param strategy name of the strategy, or null for ranges of the key
 * @param minValue first key, inclusive
 * @param maxValue last key, inclusive
 * @param batchSize rows of the first batch
 * @param arguments JSON object for the work function, or null
 */
public record NewBatchedMigration(
        String name,
        String signature,
        String table,
        String column,
        @Nullable String strategy,
        long minValue,
        long maxValue,
        int batchSize,
        @Nullable String arguments) {

    /** Describes a migration over every key of a table. */
    public static NewBatchedMigration ofKeys(
            String name, String signature, String table, String column, int batchSize) {
        return new NewBatchedMigration(
                name, signature, table, column, null, Long.MIN_VALUE, Long.MAX_VALUE, batchSize, null);
    }

    /** Describes a migration over the rows whose column is NULL. */
    public static NewBatchedMigration ofNulls(
            String name, String signature, String table, String column, int batchSize) {
        return new NewBatchedMigration(
                name, signature, table, column, "NullKeySetBatchingStrategy", 0, 0, batchSize, null);
    }

    /** Returns a copy with JSON arguments. */
    public NewBatchedMigration withArguments(String json) {
        return new NewBatchedMigration(name, signature, table, column, strategy, minValue, maxValue, batchSize, json);
    }
}
