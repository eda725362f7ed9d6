package org.registrybbm.app.internal.text.answer;

import java.util.List;
import java.util.Locale;
import org.registrybbm.app.internal.text.Figures;
import org.registrybbm.app.internal.text.TextTable;
import org.registrybbm.migrations.verification.Verification;
import org.registrybbm.migrations.verification.VerificationResult;

/** Shows people what verifications found. */
public final class VerifiedTable {
    private VerifiedTable() {}

    /** Returns a table with one row for each migration, or a line that says that there is none. */
    public static String render(List<VerificationResult> verified) {
        if (verified.isEmpty()) {
            return "nothing to verify: no batched migration is finished\n";
        }
        TextTable table = new TextTable("Batched Background Migration", "Result", "Left", "Why", "Rows Left");
        for (VerificationResult one : verified) {
            table.add(
                    one.migration(),
                    one.verdict().name().toLowerCase(Locale.ROOT),
                    Long.toString(one.left()),
                    one.explanation(),
                    one.samples().isEmpty() ? TextTable.of(null) : String.join(" ", one.samples()));
        }
        return table.toString();
    }

    /** Returns a line on the last verification that a replica was asked for. */
    public static String last(Verification last) {
        Verification.Ended ended = last.ended();
        if (ended != null) {
            return ended.verdict().name().toLowerCase(Locale.ROOT) + " at " + TextTable.at(ended.at()) + ": "
                    + ended.explanation();
        }
        String read = Figures.number(last.rowsRead()) + " rows read";
        return last.state() == Verification.State.LOST
                ? "lost on " + last.replica() + " after " + read + "; ask for it again"
                : "running on " + last.replica() + ", " + read;
    }

    /** Returns how many of the results have the given verdict. */
    public static long count(List<VerificationResult> verified, VerificationResult.Verdict verdict) {
        return verified.stream().filter(one -> one.verdict() == verdict).count();
    }
}
