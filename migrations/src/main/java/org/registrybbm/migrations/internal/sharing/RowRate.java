package org.registrybbm.migrations.internal.sharing;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.ResultSets;

/**
 * The rows per second that the sub-batches of a migration may cover.
 *
 * @param fleet the rate of all migrations together, or null for no limit
 * @param migration the rate of this migration alone, or null for no limit
 */
public record RowRate(@Nullable Long fleet, @Nullable Long migration) {
    // A sub-batch is paid for after it has run, so the pace may be overdrawn by the rows of one sub-batch.
    private static final int SUB_BATCHES_PER_SECOND = 2;

    public static RowRate of(ResultSet row) throws SQLException {
        return new RowRate(ResultSets.nullable(row, "fleet_rate"), ResultSets.nullable(row, "migration_rate"));
    }

    public boolean isLimited() {
        return fleet != null || migration != null;
    }

    /** Returns the most rows that a sub-batch may have: those of half a second, at least 1. */
    public int atMost(int rows) {
        return isLimited() ? (int) Math.max(1, Math.min(rows, least() / SUB_BATCHES_PER_SECOND)) : rows;
    }

    /** Returns the most rows that a batch may have to take at most this time at this rate, at least 1. */
    public long atMost(long rows, Duration time) {
        return isLimited() ? Math.max(1, Math.min(rows, least() * time.toMillis() / 1_000)) : rows;
    }

    private long least() {
        return Math.min(fleet == null ? Long.MAX_VALUE : fleet, migration == null ? Long.MAX_VALUE : migration);
    }
}
