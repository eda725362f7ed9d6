package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;

/**
 * A row of {@code batched_background_migration_jobs}: one batch of one batched migration.
 *
 * @param id the id of the row
 * @param migrationId the id of its batched migration
 * @param walkId the id of the walk that it belongs to; null if the container registry's own software made it
 * @param range the part of the table that it covers
 * @param status its status
 * @param attempts how many tries in a row have made no progress yet, including the current one
 * @param lastKey the cursor: the last key of the last committed sub-batch; null before the first one, and if the strategy has no cursor
 * @param subBatchSize how many rows the next sub-batch aims at; null if that is not decided before the batch job is claimed
 * @param coveredTupleCount how many rows the committed sub-batches looked at
 * @param migratedTupleCount how many rows they really changed
 * @param leaseOwner the replica that runs it or ran it last; null before the first run
 * @param takeovers how often another worker took it over because the worker that held it gave no sign of life
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
     * A part of a table. Ranges of integer keys and of blocks are bounded by the two numbers, ranges of all other keys by the two keys.
     *
     * @param min the first integer key or block, inclusive, as {@code min_value} holds it; 0 for other keys and if there is no range
     * @param max the last integer key or block, inclusive, usually as {@code max_value} holds it; 0 for other keys and if there is no range
     * @param after the key after which the range begins; null if there is no lower bound
     * @param through the last key, inclusive; null if there is no upper bound
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

        /** Returns the part after one key, up to and including another. A null key means that there is no bound. */
        public static Range between(@Nullable Key after, @Nullable Key through) {
            return new Range(0, 0, after, through);
        }

        /** Returns a text for people, such as {@code 1 to 500}. Other keys are not shown, because values of rows belong in no message. */
        @Override
        public String toString() {
            return after == null && through == null ? min + " to " + max : "the keys of its after_key and through_key";
        }
    }
}
