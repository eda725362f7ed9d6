package org.registrybbm.migrations.audit;

import java.util.Collections;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Knows up to which id no event can come any more. An event gets its id before its transaction is committed, and the order of ids is not
 * that of commits, nor that of transactions. So the newest event that is seen is remembered together with the transactions that may have
 * recorded others before it. Once all of them have ended, whatever they recorded is seen too. Thread-safe.
 */
final class SettledEvents {
    private static final String PREPARED = "prepared";

    private long looks;
    private @Nullable Long settled;
    private @Nullable Awaited awaited;

    /**
     * What one statement saw.
     *
     * @param newest the id of the newest event; 0 if there is none
     * @param recording the transactions that may have recorded events, and have not ended
     */
    record Sight(long newest, Set<String> recording) {}

    private record Awaited(Sight sight, long since) {}

    /** Begins a look at the database, which {@link #saw} ends. Looks may overlap. */
    synchronized long look() {
        return looks;
    }

    /**
     * Learns from what was seen.
     *
     * @param look when that look began
     * @return the id up to which all events are there; empty if that is not known yet, because others are being recorded
     */
    synchronized OptionalLong saw(long look, Sight sight) {
        if (settled != null && settled > sight.newest()) {
            // The newest ones were deleted, or this is another database now.
            settled = sight.newest();
        }
        Awaited earlier = awaited;
        if (sight.recording().isEmpty()) {
            settle(sight.newest());
            awaited = null;
        } else if (earlier == null) {
            awaited = new Awaited(sight, ++looks);
        } else if (earlier.since() <= look && haveEnded(earlier.sight().recording(), sight.recording())) {
            settle(Math.min(earlier.sight().newest(), sight.newest()));
            awaited = new Awaited(sight, ++looks);
        }
        return settled == null ? OptionalLong.empty() : OptionalLong.of(settled);
    }

    private void settle(long id) {
        settled = settled == null ? id : Math.max(settled, id);
    }

    // A transaction that is prepared for the second phase of a commit has another name from then on.
    private static boolean haveEnded(Set<String> earlier, Set<String> now) {
        return !now.contains(PREPARED) && Collections.disjoint(earlier, now);
    }
}
