package org.registrybbm.migrations.quarantine;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A row that a batched migration could not change. The migration is not finished before each of them is done or waived.
 *
 * @param id key of the entry, for {@link Quarantine#waive}
 * @param migration name of the batched migration
 * @param table the table or partition that holds the row, quoted for SQL
 * @param key which row: a JSON object of its primary key's columns, or of {@code ctid} where there is none
 * @param status what becomes of it
 * @param errorClass class name of the error, or null when the row killed its worker
 * @param sqlState the error's SQLSTATE, or null when it did not come from the database
 * @param message why it could not be changed, without row values
 * @param attempts how often it was tried alone, at least 1
 * @param quarantinedAt since when
 * @param settledAt when it was done or waived, or null
 * @param waivedBy who decided that it stays as it is, or null
 * @param waivedReason why, or null
 */
public record QuarantinedRow(
        long id,
        String migration,
        String table,
        String key,
        Status status,
        @Nullable String errorClass,
        @Nullable String sqlState,
        String message,
        int attempts,
        @Nullable Instant quarantinedAt,
        @Nullable Instant settledAt,
        @Nullable String waivedBy,
        @Nullable String waivedReason) {

    /** What becomes of a quarantined row. */
    public enum Status {
        /** A person has to mend and retry it, or to waive it. */
        QUARANTINED,
        /** It is about to be tried again. */
        RETRYING,
        /** It was changed after all. */
        DONE,
        /** It stays as it is. */
        WAIVED;

        /** Returns the word that the table holds. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Finds a status by its word. */
        public static Status of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
