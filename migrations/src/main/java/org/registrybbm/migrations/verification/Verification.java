package org.registrybbm.migrations.verification;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.verification.VerificationResult.Verdict;

/**
 * The last verification of a migration that a replica was asked for.
 *
 * @param migration the name of the migration
 * @param state whether it has ended
 * @param replica the replica that verifies, or did
 * @param askedBy the person or program that asked for it, or null if nobody said
 * @param startedAt when it began, by the database's clock
 * @param rowsRead how many rows were looked at, as it said last, 0 or more
 * @param ended how it ended, or null if it has not
 */
public record Verification(
        String migration,
        State state,
        String replica,
        @Nullable String askedBy,
        Instant startedAt,
        long rowsRead,
        @Nullable Ended ended) {
    /** Whether a verification has ended. */
    public enum State {
        /** The replica is at it. */
        RUNNING,
        /** It has ended. */
        ENDED,
        /** Its replica has said nothing for {@link Verifications#SILENCE}, so it will not end. Another may begin. */
        LOST
    }

    /**
     * How it ended.
     *
     * @param at when, by the database's clock
     * @param verdict the result
     * @param left how many pending rows were found, without those in quarantine
     * @param explanation the result as a sentence for people
     */
    public record Ended(Instant at, Verdict verdict, long left, String explanation) {}
}
