package org.registrybbm.scheduler.chaos;

import java.util.LinkedHashMap;
import java.util.Map;

/** What must be true of a table with rows that refuse: each is changed, or listed as waived and not changed. */
record RefusalLedger(Target target) {
    /** Queries for what is wrong, by what that is. */
    Map<String, String> faults() {
        Map<String, String> faults = new LinkedHashMap<>();
        faults.put("rows from before neither changed nor waived", rows("old AND n = 0 AND NOT (%s)".formatted(left())));
        faults.put("rows waived and changed", rows("n > 0 AND " + listed("waived")));
        faults.put("rows done after a retry and not changed", rows("n = 0 AND " + listed("done")));
        faults.put("rows in quarantine after the end", """
                SELECT q.row_key
                FROM batched_background_migration_quarantined_rows q
                JOIN batched_background_migrations m ON m.id = q.batched_background_migration_id
                WHERE m.name = '%s' AND q.status NOT IN ('done', 'waived')
                """.formatted(target.migration()));
        return faults;
    }

    /** A row without a key is no longer found in the list once the application has written it. */
    private String left() {
        return target.workload().hasKey()
                ? listed("waived")
                : listed("waived") + " OR note > 0 AND flaw = '%s'".formatted(Flaws.WAIVE);
    }

    private String rows(String condition) {
        return "SELECT uid FROM %s t WHERE %s".formatted(target.table(), condition);
    }

    private String listed(String status) {
        return """
                EXISTS (
                    SELECT
                    FROM batched_background_migration_quarantined_rows q
                    JOIN batched_background_migrations m ON m.id = q.batched_background_migration_id
                    WHERE m.name = '%s' AND q.status = '%s' AND q.row_key = %s
                )
                """.formatted(target.migration(), status, target.workload().rowKey());
    }
}
