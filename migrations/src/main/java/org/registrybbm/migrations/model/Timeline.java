package org.registrybbm.migrations.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What happened to a migration and when, by the database's clock.
 *
 * @param startedAt when it last started, or null
 * @param finishedAt when it finished, or null
 * @param verifiedAt when it was last proved that no row is pending, or null
 * @param codeMissingSince since when no replica that looked had the code of its work function or strategy, or null when one has it
 */
public record Timeline(
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable Instant verifiedAt,
        @Nullable Instant codeMissingSince) {
    /** Nothing has happened yet. */
    public static final Timeline EMPTY = new Timeline(null, null, null, null);
}
