package org.registrybbm.migrations.model;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code batched_background_migrations}: what to change, and how far it got.
 *
 * @param id the row's key
 * @param name unique name, for people
 * @param status where it stands
 * @param signature {@code job_signature_name}: the name of its work function
 * @param table {@code table_name} as written: {@code <schema>.<table>}
 * @param column {@code column_name} as written: the column that the strategy walks
 * @param strategy {@code batching_strategy}, or null for ranges of the key
 * @param minValue first key, inclusive
 * @param maxValue last key, inclusive; {@link Long#MAX_VALUE} for "everything"
 * @param batchSize rows of the first batch
 * @param batchSizeFixed whether every batch has {@code batchSize} rows, instead of adapting to the batch target
 * @param batchSizes bounds of the rows of a batch
 * @param subBatchSizes bounds of the rows of a sub-batch
 * @param quarantineLimit how many rows may wait in quarantine before it fails at once
 * @param arguments JSON object for the work function, or null
 * @param totalTupleCount estimated rows, or null while unknown
 * @param startedAt when it last started, or null
 * @param finishedAt when it finished, or null
 * @param verifiedAt when it was last proved that no row is left, or null
 * @param codeMissingSince since when no replica that looked knew its work function or strategy, or null
 * @param failure why it failed last, or null
 */
public record BatchedMigration(
        long id,
        String name,
        MigrationStatus status,
        String signature,
        String table,
        String column,
        @Nullable String strategy,
        long minValue,
        long maxValue,
        int batchSize,
        boolean batchSizeFixed,
        SizeBounds batchSizes,
        SizeBounds subBatchSizes,
        int quarantineLimit,
        @Nullable String arguments,
        @Nullable Long totalTupleCount,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable Instant verifiedAt,
        @Nullable Instant codeMissingSince,
        @Nullable Failure failure) {

    /** Returns whether the definition, and not only the progress, is the same in another reading of the row. */
    public boolean hasSameDefinitionAs(BatchedMigration other) {
        return signature.equals(other.signature)
                && table.equals(other.table)
                && column.equals(other.column)
                && Objects.equals(strategy, other.strategy)
                && Objects.equals(arguments, other.arguments);
    }

    /** Returns a copy with another status. */
    public BatchedMigration withStatus(MigrationStatus other) {
        return new BatchedMigration(
                id,
                name,
                other,
                signature,
                table,
                column,
                strategy,
                minValue,
                maxValue,
                batchSize,
                batchSizeFixed,
                batchSizes,
                subBatchSizes,
                quarantineLimit,
                arguments,
                totalTupleCount,
                startedAt,
                finishedAt,
                verifiedAt,
                codeMissingSince,
                failure);
    }
}
