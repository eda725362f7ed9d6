package org.registrybbm.scheduler.chaos;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.quarantine.Quarantine;
import org.registrybbm.migrations.quarantine.QuarantinedRow;
import org.registrybbm.migrations.quarantine.RetryResult;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Where the operator works: the same calls as those of the command line, and SQL for the application's rows. All of it goes over the network
 * that faults cut. Says what was done, and counts it.
 */
final class Desk {
    /** What a broken work function makes of a migration: its own failure, or rows in quarantine. */
    private static final Pattern EXPECTED = Pattern.compile("^1[56] |Ailment");

    private final TestDatabase database;
    private final Quarantine quarantine;
    private final Timeline timeline;
    private final Set<Long> seen = ConcurrentHashMap.newKeySet();
    private final AtomicLong mended = new AtomicLong();
    private final AtomicLong retried = new AtomicLong();
    private final AtomicLong waived = new AtomicLong();
    private final AtomicLong startedAgain = new AtomicLong();

    Desk(String url, Timeline timeline) {
        this.database = new TestDatabase("chaos", url);
        this.quarantine =
                BatchedMigrations.on(database).replica("operator").build().quarantine();
        this.timeline = timeline;
    }

    /** Returns the entries that are neither done nor waived; none of them was waived before. */
    List<QuarantinedRow> unsettled(Target target) {
        List<QuarantinedRow> rows = list(
                target,
                row -> row.status() == QuarantinedRow.Status.QUARANTINED
                        || row.status() == QuarantinedRow.Status.RETRYING);
        for (QuarantinedRow row : rows) {
            if (row.waivedBy() != null) {
                throw new AssertionError(target.migration() + ": was waived, and is not any more: " + row);
            }
        }
        return rows;
    }

    List<QuarantinedRow> waived(Target target) {
        return list(target, row -> row.status() == QuarantinedRow.Status.WAIVED);
    }

    private List<QuarantinedRow> list(Target target, Predicate<QuarantinedRow> which) {
        List<QuarantinedRow> rows = quarantine.list(List.of(target.migration()));
        rows.forEach(row -> seen.add(row.id()));
        return rows.stream().filter(which).toList();
    }

    /** Mends some of the rows of entries, where they have that flaw. */
    void mend(Target target, List<QuarantinedRow> entries, int atMost, String flaw) {
        if (entries.isEmpty()) {
            return;
        }
        List<String> uids = database.column(
                """
                UPDATE %1$s t
                SET flaw = NULL
                WHERE uid IN (
                    SELECT uid
                    FROM %1$s t
                    WHERE flaw = ?
                        AND %2$s = ANY (?::text[]::jsonb[])
                    LIMIT ?
                )
                RETURNING uid
                """.formatted(target.table(), target.workload().rowKey()),
                flaw,
                entries.stream().map(QuarantinedRow::key).toArray(String[]::new),
                atMost);
        mended.addAndGet(uids.size());
        tell(!uids.isEmpty(), target, "fixed the rows " + uids + " with the flaw " + flaw);
    }

    /** Has whatever failed tried again. */
    void retry(Target target) {
        List<RetryResult> all = quarantine.retry(List.of(target.migration()));
        all.forEach(one -> retried.addAndGet(one.rows()));
        tell(!all.isEmpty(), target, "retried " + all);
    }

    /** A row that the application has deleted: nobody could tell that from one whose key it changed, so a person looks. */
    private static boolean isGone(QuarantinedRow row) {
        return row.message().startsWith("no row is there any more");
    }

    /** Waives some entries whose rows are not to be mended, or are gone. */
    void waive(Target target, int atMost) {
        List<QuarantinedRow> rows = unsettled(target);
        Set<String> left = new HashSet<>(database.column(
                "SELECT (%s)::text FROM %s t WHERE flaw = ?"
                        .formatted(target.workload().rowKey(), target.table()),
                Flaws.WAIVE));
        List<Long> ids = rows.stream()
                .filter(row -> left.contains(row.key()) || isGone(row))
                .map(QuarantinedRow::id)
                .limit(atMost)
                .toList();
        // No ids would be all of them.
        if (!ids.isEmpty()) {
            long rowsWaived = quarantine.waive(target.migration(), ids, "the operator", "they stay as they are");
            waived.addAndGet(rowsWaived);
            tell(true, target, "waived " + rowsWaived + " of the entries " + ids);
        }
    }

    /**
     * Starts a migration again that failed as its work function was broken, or with rows in quarantine that it could not change then. One
     * whose definition somebody has edited is left to them.
     */
    void startAgain(Target target, boolean bySql) {
        List<String> failures = database.column("""
                SELECT concat_ws(' ', failure_error_code, failure_message)
                FROM batched_background_migrations
                WHERE name = ? AND status = 3
                """, target.migration());
        if (failures.isEmpty() || failures.get(0).startsWith("22 ")) {
            return;
        }
        if (!EXPECTED.matcher(failures.get(0)).find()) {
            throw new AssertionError(target.migration() + " has failed for a reason that nobody gave: " + failures);
        }
        tell(true, target, "sees that it failed: " + failures.get(0));
        List<Long> gone = unsettled(target).stream()
                .filter(Desk::isGone)
                .map(QuarantinedRow::id)
                .toList();
        if (!gone.isEmpty()) {
            waived.addAndGet(quarantine.waive(target.migration(), gone, "the operator", "they were deleted or moved"));
        }
        if (bySql) {
            change(target, "status = 1", "status = 3");
        } else {
            retry(target);
        }
        startedAgain.incrementAndGet();
    }

    /** Changes the row of a migration by SQL. */
    void change(Target target, String set, String where) {
        List<String> changed = database.column("""
                UPDATE batched_background_migrations SET %s
                WHERE name = ? AND %s
                RETURNING name
                """.formatted(set, where), target.migration());
        tell(!changed.isEmpty(), target, "set " + set);
    }

    private void tell(boolean anything, Target target, String what) {
        if (anything) {
            timeline.add("operator", target.migration() + ": " + what);
        }
    }

    /** What was done until now. */
    String summary() {
        return "%d rows in quarantine, %d fixed, %d retried, %d waived, %d migrations started again"
                .formatted(seen.size(), mended.get(), retried.get(), waived.get(), startedAgain.get());
    }
}
