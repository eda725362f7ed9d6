package org.registrybbm.migrations.internal.walk;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.strategy.BatchingStrategy;
import org.registrybbm.migrations.internal.strategy.BlockProof;
import org.registrybbm.migrations.internal.strategy.QuarantineRetry;
import org.registrybbm.migrations.internal.strategy.Treatment;
import org.registrybbm.migrations.model.Key;

/**
 * One pass over one table of a migration, which is its own or one of its partitions.
 *
 * @param id the row's key
 * @param tableOid the table, whatever its name is by now
 * @param tableName the name that it had when it was last looked up, quoted for SQL
 * @param kind what its batch jobs do
 * @param pass which pass of its kind, from 1
 * @param onlyTable whether it goes over the migration's own table, and not one of its partitions
 * @param cutKey last key of the newest batch job, or null before the first and where {@code max_value} tells
 * @param cutRows about how many rows its batch jobs hold, by the sizes that they were cut to
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
    /** Returns whether batch jobs without a walk, which the container registry made, belong to it. */
    boolean adoptsJobs() {
        return kind == Kind.CHANGE && pass == 1 && onlyTable;
    }

    /** Returns what cuts it: the migration's own strategy where rows are changed. */
    public BatchingStrategy strategy(ResolvedMigration definition) {
        return switch (kind) {
            case CHANGE -> definition.strategy();
            case VERIFY -> new BlockProof();
            case RETRY -> new QuarantineRetry();
        };
    }

    /**
     * Returns what is done to the rows of its sub-batches. A later pass over ranges of a key meets few rows that are not done, and tells
     * those apart which stay so.
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

        /** Returns the word that the table holds. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Finds a kind by its word. */
        static Kind of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
