package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * A row of {@code batched_background_migration_jobs}: one batch of one batched migration.
 *
 * @param id the row's key
 * @param migrationId key of its batched migration
 * @param walkId key of the walk over one table that it belongs to, or null for one of the container registry's own
 * @param range which part of the table it covers
 * @param status where it stands
 * @param attempts tries since the last sub-batch that was committed
 * @param lastKey last key of the last committed sub-batch, or null before the first and where the strategy has none
 * @param subBatchSize rows that the next sub-batch aims at, or null before the first
 * @param coveredTupleCount rows that the committed sub-batches looked at
 * @param migratedTupleCount rows that they really changed
 * @param leaseOwner the replica that runs it or ran it last, or null
 * @param takeovers how often its lease ran out and another worker took it over
 */
public record BatchJob(
        long id,
        long migrationId,
        @Nullable Long walkId,
        Range range,
        JobStatus status,
        int attempts,
        @Nullable Key lastKey,
        @Nullable Integer subBatchSize,
        long coveredTupleCount,
        long migratedTupleCount,
        @Nullable String leaseOwner,
        int takeovers) {

    /**
     * A part of a table. Integer keys and blocks are bounded by the two numbers, all other keys by the two keys.
     *
     * @param min {@code min_value}: first key or block, inclusive; 0 where the keys tell or the strategy has no range
     * @param max last key or block, inclusive, mostly {@code max_value}; 0 where the keys tell or the strategy has no range
     * @param after the key before its first one, or null for none
     * @param through its last key, inclusive, or null for none
     */
    public record Range(
            long min,
            long max,
            @Nullable Key after,
            @Nullable Key through) {
        /** Returns the part between two numbers, both inclusive. */
        public static Range between(long min, long max) {
            return new Range(min, max, null, null);
        }

        /** Returns the part after one key up to and including another; null for no bound. */
        public static Range between(@Nullable Key after, @Nullable Key through) {
            return new Range(0, 0, after, through);
        }

        /** Returns it for people: {@code 1 to 500}. Other keys are values of rows, which belong in no message. */
        @Override
        public String toString() {
            return after == null && through == null ? min + " to " + max : "the keys of its after_key and through_key";
        }
    }
}
