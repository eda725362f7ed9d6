package org.registrybbm.scheduler.chaos;

import java.util.ArrayList;
import java.util.List;

/** Compares a table whose migration is finished with everything that was written down about it. */
record Ledger(Service service, Target target) {
    static Ledger of(Service service, Target target) {
        return new Ledger(service, target);
    }

    /** What is wrong; empty when all is well. */
    List<String> faults() {
        List<String> wrong = new ArrayList<>();
        String table = target.table();
        none(wrong, "rows changed more than once", "SELECT uid FROM %s WHERE n > 1".formatted(table));
        if (target.workload().refuses()) {
            new RefusalLedger(target).faults().forEach((what, sql) -> none(wrong, what, sql));
        } else {
            none(wrong, "rows from before not changed", "SELECT uid FROM %s WHERE old AND n = 0".formatted(table));
        }
        long rows = count("SELECT count(*) FROM %s WHERE old".formatted(table))
                + count("SELECT count(*) FROM public.chaos_deleted WHERE old AND batch_table = '%s'".formatted(table));
        if (rows != target.rows()) {
            wrong.add("rows that exist or were deleted by the application are " + rows + " of " + target.rows());
        }
        if (target.workload().migration().work().equals(ChaosWork.FILL)) {
            none(wrong, "rows from before not filled once", """
                    SELECT uid FROM %s WHERE coalesce(filled, 0) <> n
                    """.formatted(table));
        }
        if (target.workload().migration().work().equals(ChaosWork.BOOK)) {
            book(wrong, table);
        }
        jobs(wrong);
        return wrong;
    }

    private void book(List<String> wrong, String table) {
        none(wrong, "rows in the book more than once", """
                SELECT uid FROM public.chaos_book WHERE batch_table = '%s' GROUP BY uid HAVING count(*) > 1
                """.formatted(table));
        none(wrong, "rows whose changes are not what the book says", """
                SELECT uid
                FROM (
                    SELECT uid, n FROM %1$s
                    UNION ALL
                    SELECT uid, n FROM public.chaos_deleted WHERE batch_table = '%1$s'
                ) every_row
                LEFT JOIN public.chaos_book b USING (uid)
                WHERE (b.uid IS NOT NULL)::int <> n
                """.formatted(table));
    }

    private void jobs(List<String> wrong) {
        String jobs = """
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE m.name = '%s'
                """.formatted(target.migration());
        none(
                wrong,
                "batch jobs unfinished or leased",
                "SELECT j.id " + jobs
                        + " AND (j.status <> 2 OR j.lease_token IS NOT NULL OR j.lease_until IS NOT NULL)");
        none(wrong, "batch jobs with a gap or an overlap before them", """
                SELECT id
                FROM (
                    SELECT j.id, j.min_value, lag(j.max_value) OVER walk AS before,
                        j.after_key, lag(j.through_key) OVER walk AS through_before,
                        row_number() OVER walk AS place
                %s
                    AND m.batching_strategy IS NULL
                    WINDOW walk AS (PARTITION BY j.walk_id ORDER BY j.id)
                ) ranges
                WHERE place > 1
                    AND CASE
                        WHEN after_key IS NULL AND through_before IS NULL THEN min_value <> before + 1
                        ELSE after_key IS DISTINCT FROM through_before
                    END
                """.formatted(jobs));
        long counted = count("SELECT coalesce(sum(j.migrated_tuple_count), 0) " + jobs);
        long changed = count("""
                SELECT coalesce(sum(n), 0)
                FROM (
                    SELECT n FROM %1$s
                    UNION ALL
                    SELECT n FROM public.chaos_deleted WHERE batch_table = '%1$s'
                ) every_row
                """.formatted(target.table()));
        // An edited definition forgets all batch jobs, with what they counted.
        boolean forgets = target.workload().name().equals(Workload.EDITED);
        if (forgets ? counted > changed : counted != changed) {
            wrong.add("the batch jobs counted " + counted + " changes, the rows say " + changed);
        }
    }

    private long count(String sql) {
        return service.number(sql);
    }

    private void none(List<String> wrong, String what, String sql) {
        List<String> found = service.sql(sql);
        if (!found.isEmpty()) {
            wrong.add(found.size() + " " + what + ", the first ones "
                    + String.join(", ", found.subList(0, Math.min(5, found.size()))));
        }
    }
}
