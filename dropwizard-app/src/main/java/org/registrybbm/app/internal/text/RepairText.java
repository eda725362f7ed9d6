package org.registrybbm.app.internal.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.quarantine.RetryResult;

/** What a retry or a waiver has set in motion, for people: a line for each migration. */
public final class RepairText {
    private RepairText() {}

    /**
     * Returns the lines.
     *
     * @param retried what there was to try again
     * @param store tells which of them are paused, so that nothing happens yet
     */
    public static String retried(List<RetryResult> retried, MigrationStore store) {
        if (retried.isEmpty()) {
            return "nothing to retry\n";
        }
        Set<String> paused = store
                .list(retried.stream().map(RetryResult::migration).toList())
                .stream()
                .filter(migration -> migration.status() == MigrationStatus.PAUSED)
                .map(BatchedMigration::name)
                .collect(Collectors.toSet());
        return retried.stream()
                .map(one -> line(one, paused.contains(one.migration())))
                .collect(Collectors.joining());
    }

    /** Returns the line of a waiver. */
    public static String waived(String migration, long rows) {
        return rows == 0
                ? "nothing to waive\n"
                : migration + ": " + rows + (rows == 1 ? " row" : " rows") + " waived\n";
    }

    public static String line(RetryResult retried, boolean paused) {
        List<String> parts = new ArrayList<>();
        if (retried.reactivated()) {
            parts.add("failed -> active");
        }
        if (retried.rows() > 0) {
            parts.add(count(retried.rows(), "quarantined row"));
        }
        if (retried.batchJobs() > 0) {
            parts.add(count(retried.batchJobs(), "failed batch job"));
        }
        return retried.migration() + ": " + String.join(", ", parts)
                + (paused ? ", once it is started: it is paused" : "") + "\n";
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? " is" : "s are") + " tried again";
    }
}
