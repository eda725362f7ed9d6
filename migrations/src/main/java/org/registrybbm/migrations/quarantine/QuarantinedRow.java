package org.registrybbm.migrations.quarantine;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A row that a batched migration could not change. The migration is finished only when each of these rows is done or waived.
 *
 * @param id the key of the entry, for {@link Quarantine#waive}
 * @param migration the name of the batched migration
 * @param table the table or partition that holds the row, quoted for SQL
 * @param key which row it is: a JSON object of the columns of its primary key, or of another unique key. If the table has no such key, the
 *     object names the version of the row, by its {@code ctid} among others
 * @param status whether it waits for a person, is being tried again, or is settled
 * @param errorClass the class name of the error, or null when there was none, for example because the row killed its worker
 * @param sqlState the error's SQLSTATE, or null when the error did not come from the database
 * @param message why it could not be changed, without row values
 * @param attempts how often it was tried alone, at least 1
 * @param quarantinedAt since when it has been in quarantine
 * @param settledAt when it was done or waived, or null when it is neither
 * @param waivedBy who decided that it stays as it is, or null when nobody did
 * @param waivedReason why it stays as it is, or null
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

    /** Where a quarantined row stands. */
    public enum Status {
        /** It waits for a person, who can fix and retry it, or waive it. */
        QUARANTINED,
        /** It is about to be tried again. */
        RETRYING,
        /** It is done after all. */
        DONE,
        /** A person decided that it stays as it is. */
        WAIVED;

        /** Returns the word that the table holds. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Returns the status for a word that the table holds. */
        public static Status of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }
}
