package org.registrybbm.migrations.internal.planning;

import org.registrybbm.migrations.internal.quarantine.QuarantineQueries;

/** Describes for people which rows keep a migration from being finished, and what to do about them. */
final class LeftText {
    private LeftText() {}

    static String of(QuarantineQueries.Left left) {
        if (left.retrying() > 0) {
            return rows(left.retrying(), "was", "were")
                    + " to be tried again in a partition that the table does not have any more; bring it back under its name and"
                    + " run 'retry', or leave the rows as they are with 'waive'";
        }
        if (left.pending() > left.samples()) {
            return rows(left.pending(), "is", "are")
                    + " still not done although the work was run on them again without an error, probably because a rule, a trigger or a"
                    + " policy undoes the change; of these, " + left.samples() + " are quarantined as samples"
                    + others(left) + ". Fix the cause and run 'retry'";
        }
        return rows(left.quarantined(), "is", "are") + " quarantined, all other rows are done; "
                + (left.quarantined() == 1
                        ? "fix it and run 'retry', or leave it as it is with 'waive'"
                        : "fix them and run 'retry', or leave them as they are with 'waive'");
    }

    private static String others(QuarantineQueries.Left left) {
        long others = left.quarantined() - left.samples();
        return others > 0 ? ", besides " + rows(others, "that could", "that could") + " not be changed" : "";
    }

    private static String rows(long rows, String one, String many) {
        return rows == 1 ? "1 row " + one : rows + " rows " + many;
    }
}
