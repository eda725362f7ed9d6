package org.registrybbm.migrations.verification;

import java.util.List;

/**
 * What a verification found.
 *
 * @param migration name of the batched migration
 * @param verdict in a word
 * @param left rows that are not done, besides those in quarantine; counted up to 1,000 in each range
 * @param samples keys of some of them, as JSON objects, at most 10
 * @param explanation one sentence for people
 */
public record VerificationResult(
        String migration, Verdict verdict, long left, List<String> samples, String explanation) {
    /** What a verification may come to. */
    public enum Verdict {
        /** No row is left. */
        COMPLETE,
        /** Rows are left. */
        INCOMPLETE,
        /** The work function does not say which rows are not done, or the migration cannot run as it is defined. */
        UNKNOWN,
        /** It was stopped before the end. */
        STOPPED
    }
}
