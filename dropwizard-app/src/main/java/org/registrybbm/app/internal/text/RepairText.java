package org.registrybbm.app.internal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.quarantine.RetryResult;

/** Says in words what a retry or a waiver has started, with one line for each migration. */
public final class RepairText {
    private RepairText() {}

    /** Returns one line for each migration that is tried again, or one line that says that there is none. */
    public static String retried(List<RetryResult> retried) {
        return retried.isEmpty()
                ? "nothing to retry\n"
                : retried.stream().map(RepairText::line).collect(Collectors.joining());
    }

    /** Returns the line that says how many rows of a migration were waived. */
    public static String waived(String migration, long rows) {
        return rows == 0 ? "nothing to waive\n" : migration + ": " + rowsWaived(rows) + "\n";
    }

    static String line(RetryResult retried) {
        return retried.migration() + ": " + parts(retried) + "\n";
    }

    /** Returns what a retry has started for one migration. */
    public static String parts(RetryResult retried) {
        List<String> parts = new ArrayList<>();
        if (retried.failed()) {
            parts.add("failed -> active");
        }
        if (retried.rows() > 0) {
            parts.add(count(retried.rows(), "quarantined row"));
        }
        if (retried.batchJobs() > 0) {
            parts.add(count(retried.batchJobs(), "failed batch job"));
        }
        return String.join(", ", parts) + (retried.paused() ? ", once it is started: it is paused" : "");
    }

    /** Returns what a retry would start for one migration. */
    public static String wouldRetry(MigrationStatus status, long rows, long batchJobs) {
        return parts(new RetryResult(
                "", status == MigrationStatus.FAILED, rows, batchJobs, status == MigrationStatus.PAUSED));
    }

    /** Returns how many rows were waived, in words. */
    public static String rowsWaived(long rows) {
        return rows + (rows == 1 ? " row" : " rows") + " waived";
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? " is" : "s are") + " tried again";
    }
}
