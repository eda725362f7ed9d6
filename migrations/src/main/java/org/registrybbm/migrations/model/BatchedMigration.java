package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;

/**
 * A row of {@code batched_background_migrations}: what to change, and how far the change has got.
 *
 * @param id the row's key
 * @param name the unique name by which people call it
 * @param status where it stands
 * @param definition what it does, and to which table
 * @param bounds which keys it covers
 * @param sizing how many rows its batches and sub-batches may have
 * @param quarantineLimit how many rows may be in quarantine at once; with one more, the migration fails
 * @param totalTupleCount an estimate of how many rows there are, or null while it is unknown
 * @param timeline what happened to it and when
 * @param failure why it failed last, or null when it did not
 */
public record BatchedMigration(
        long id,
        String name,
        MigrationStatus status,
        MigrationDefinition definition,
        KeyBounds bounds,
        BatchSizing sizing,
        int quarantineLimit,
        @Nullable Long totalTupleCount,
        Timeline timeline,
        @Nullable Failure failure) {

    /** Returns a copy with another status. */
    public BatchedMigration withStatus(MigrationStatus other) {
        return new BatchedMigration(
                id, name, other, definition, bounds, sizing, quarantineLimit, totalTupleCount, timeline, failure);
    }
}
