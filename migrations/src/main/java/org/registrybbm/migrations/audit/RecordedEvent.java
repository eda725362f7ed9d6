package org.registrybbm.migrations.audit;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code batched_background_migration_events}: something that the engine or a person decided about a batched migration.
 *
 * @param id the row's key; greater ones are newer
 * @param at when, by the database's clock
 * @param event what, in a word, such as {@code batch_size}, {@code taken_over}, {@code quarantined} or {@code waived}
 * @param oldValue the number before, or null where there is none
 * @param newValue the number since, or null where there is none
 * @param replica who decided it, or null for the planner and for people
 * @param batchJobId which batch job it is about, or null
 * @param reason why, or null
 */
public record RecordedEvent(
        long id,
        Instant at,
        String event,
        @Nullable Long oldValue,
        @Nullable Long newValue,
        @Nullable String replica,
        @Nullable Long batchJobId,
        @Nullable String reason) {}
