package org.registrybbm.migrations.verification;

import java.util.List;

/**
 * What a verification of one migration found.
 *
 * @param migration the name of the batched migration
 * @param verdict the result
 * @param left how many pending rows were found, without those in quarantine; about 1,000 at most are counted in each range
 * @param samples the keys of at most 10 of these rows, as JSON objects
 * @param explanation the result as a sentence for people
 */
public record VerificationResult(
        String migration, Verdict verdict, long left, List<String> samples, String explanation) {
    /** The possible results of a verification. */
    public enum Verdict {
        /** No row is pending. */
        COMPLETE,
        /** Some rows are pending. */
        INCOMPLETE,
        /**
         * The work function does not say which rows are pending, the migration cannot run as it is defined, or a statement failed, for
         * example because it took too long.
         */
        UNKNOWN,
        /** The verification was stopped before it had read everything. */
        STOPPED
    }
}
