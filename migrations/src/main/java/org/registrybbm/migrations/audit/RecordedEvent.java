package org.registrybbm.migrations.audit;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code batched_background_migration_events}: something that the engine or a person decided about a batched migration.
 *
 * @param id the row's key; newer events have greater keys
 * @param migration the name of the migration, or null when it is about the budget of the fleet or of a table
 * @param at when it was decided, by the database's clock
 * @param event what was decided, in one word such as {@code batch_size}, {@code taken_over}, {@code quarantined} or {@code waived}
 * @param oldValue the number before the decision, or null when the event has none
 * @param newValue the number after the decision, or null when the event has none
 * @param replica the replica that decided it, or null when a plan or a person did
 * @param batchJobId the batch job that it is about, or null when it is about the whole migration
 * @param reason why it was decided, or null
 * @param actor the person who decided it, or null when the engine did
 * @param via how that person did, such as {@code cli}, {@code task} or {@code sql psql}, or null when the engine decided
 */
public record RecordedEvent(
        long id,
        @Nullable String migration,
        Instant at,
        String event,
        @Nullable Long oldValue,
        @Nullable Long newValue,
        @Nullable String replica,
        @Nullable Long batchJobId,
        @Nullable String reason,
        @Nullable String actor,
        @Nullable String via) {}
