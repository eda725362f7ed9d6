package org.registrybbm.migrations;

import org.jspecify.annotations.Nullable;

/**
 * A row of {@code batched_background_migration_jobs}: one batch of one batched migration.
 *
 * @param id the row's key
 * @param migrationId key of its batched migration
 * @param minValue first key of its range, inclusive; 0 where the strategy has no range
 * @param maxValue last key of its range, inclusive; 0 where the strategy has no range
 * @param status where it stands
 * @param attempts tries since the last sub-batch that was committed
 * @param lastKey last key of the last committed sub-batch, or null before the first
 * @param subBatchSize rows that the next sub-batch aims at, or null before the first
 * @param coveredTupleCount rows that the committed sub-batches looked at
 * @param migratedTupleCount rows that they really changed
 * @param leaseOwner the replica that runs it or ran it last, or null
 * @param takeovers how often its lease ran out and another worker took it over
 */
public record BatchJob(
        long id,
        long migrationId,
        long minValue,
        long maxValue,
        JobStatus status,
        int attempts,
        @Nullable Long lastKey,
        @Nullable Integer subBatchSize,
        long coveredTupleCount,
        long migratedTupleCount,
        @Nullable String leaseOwner,
        int takeovers) {

    /** Returns it as it is once a sub-batch was committed. */
    public BatchJob advanced(@Nullable Long key, int size, long covered, long migrated) {
        return new BatchJob(
                id,
                migrationId,
                minValue,
                maxValue,
                status,
                1,
                key,
                size,
                coveredTupleCount + covered,
                migratedTupleCount + migrated,
                leaseOwner,
                takeovers);
    }

    /** Returns it as it is once it finished. */
    public BatchJob finished() {
        return new BatchJob(
                id,
                migrationId,
                minValue,
                maxValue,
                JobStatus.FINISHED,
                attempts,
                lastKey,
                subBatchSize,
                coveredTupleCount,
                migratedTupleCount,
                leaseOwner,
                takeovers);
    }
}
