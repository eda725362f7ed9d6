package org.registrybbm.migrations.model;

import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.failure.Failure;

/**
 * A row of {@code batched_background_migrations}: what to change, and how far it got.
 *
 * @param id the row's key
 * @param name unique name, for people
 * @param status where it stands
 * @param definition what it does, and to which table
 * @param bounds which keys it covers
 * @param sizing how many rows its batches have
 * @param quarantineLimit how many rows may wait in quarantine before it fails at once
 * @param totalTupleCount estimated rows, or null while unknown
 * @param timeline what happened to it and when
 * @param failure why it failed last, or null
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
