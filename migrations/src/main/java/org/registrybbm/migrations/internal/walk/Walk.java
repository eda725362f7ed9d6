package org.registrybbm.migrations.internal.walk;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.rows.Treatment;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.BlockProof;
import org.registrybbm.migrations.internal.strategy.QuarantineRetry;
import org.registrybbm.migrations.model.Key;

/**
 * The part of a pass that goes over one table of a migration: its own table or one of its partitions.
 *
 * @param id the id of the walk's row
 * @param tableOid the object id of the table, whatever its name is by now
 * @param tableName the name of the table when it was last looked up, quoted for SQL
 * @param kind what its batch jobs do
 * @param pass the number of the pass among those of its kind, from 1
 * @param onlyTable whether it goes over the migration's own table and not over one of its partitions
 * @param cutKey the last key of the newest batch job; null before the first one, and if {@code max_value} says it
 * @param cutRows about how many rows its batch jobs hold, by the sizes at which they were cut
 */
public record Walk(
        long id,
        long tableOid,
        String tableName,
        Kind kind,
        int pass,
        @Nullable Key cutKey,
        long cutRows,
        boolean onlyTable) {
    /** Returns whether batch jobs without a walk, which the container registry made, belong to this walk. */
    boolean adoptsJobs() {
        return kind == Kind.CHANGE && pass == 1 && onlyTable;
    }

    /** Returns the strategy that cuts this walk: the migration's own strategy if rows are changed. */
    public BatchingStrategy strategy(ResolvedMigration definition) {
        return switch (kind) {
            case CHANGE -> definition.strategy();
            case VERIFY -> new BlockProof();
            case RETRY -> new QuarantineRetry();
        };
    }

    /**
     * Returns what is done to the rows of its sub-batches. A later pass over ranges of a key meets few pending rows, and tells apart those
     * that stay pending.
     */
    public Treatment treatment(ResolvedMigration definition) {
        return switch (kind) {
            case CHANGE -> pass > 1 && definition.strategy().followsKey() ? Treatment.REVISIT : Treatment.CHANGE;
            case VERIFY -> Treatment.PROVE;
            case RETRY -> Treatment.RETRY;
        };
    }

    /** What the batch jobs of a walk do. */
    public enum Kind {
        /** They change rows. */
        CHANGE,
        /** They prove that no row is left. */
        VERIFY,
        /** They try quarantined rows again. */
        RETRY;

        /** Returns the word that is stored in the table. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Finds a kind by its word. */
        static Kind of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
