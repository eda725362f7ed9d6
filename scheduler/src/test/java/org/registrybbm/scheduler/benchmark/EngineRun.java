package org.registrybbm.scheduler.benchmark;

/** The engine with its default sizes, in a fleet that is up, with so many workers in all; work is queued when they are idle. */
record EngineRun(Bench bench, int lanes) {
    /**
     * What came of it.
     *
     * @param seconds from queueing to the end of the last batch job that changed rows, which is where the plain loop ends
     * @param verifying seconds from there until it was proved complete and finished
     * @param subBatch rows of the sub-batch in the middle
     * @param idle which part of their time until then the workers had no batch job
     */
    record Result(double seconds, double verifying, long subBatch, double idle) {}

    Result run(String name) {
        bench.database().execute("""
                UPDATE batched_background_migration_budgets SET batch_jobs = %d WHERE scope <> 'table';
                UPDATE batched_background_migration_budgets SET batch_jobs = NULL WHERE scope = 'table'
                """.formatted(lanes));
        bench.database().execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                     arguments)
                VALUES ('%s', 1, 9223372036854775807, 100000, 1, 'copyColumn', '%s', 'id',
                    '{"from": "value", "to": "wide", "cast": "bigint"}')
                """.formatted(name, Bench.TABLE));
        awaitFinished(name);
        return new Result(changing(name), verifying(name), subBatch(name), 1 - busy(name) / changing(name) / lanes);
    }

    private void awaitFinished(String name) {
        long status;
        do {
            status = bench.database().number("""
                    SELECT status FROM batched_background_migrations, pg_sleep(0.5) WHERE name = ?
                    """, name);
            if (status == 3) {
                throw new AssertionError(bench.database()
                        .text("SELECT failure_message FROM batched_background_migrations WHERE name = ?", name));
            }
        } while (status != 2);
    }

    private double changing(String name) {
        return seconds("max(j.finished_at) FILTER (WHERE w.kind = 'change') - min(m.created_at)", name);
    }

    private double busy(String name) {
        return seconds("sum(j.finished_at - j.started_at) FILTER (WHERE w.kind = 'change')", name);
    }

    private double verifying(String name) {
        return seconds("min(m.finished_at) - max(j.finished_at) FILTER (WHERE w.kind = 'change')", name);
    }

    private double seconds(String interval, String name) {
        return Double.parseDouble(bench.database().text("""
                SELECT extract(epoch FROM %s)
                FROM batched_background_migrations m
                JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                JOIN batched_background_migration_walks w ON w.id = j.walk_id
                WHERE m.name = ?
                """.formatted(interval), name));
    }

    private long subBatch(String name) {
        return bench.database().number("""
                SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY j.sub_batch_size)
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE m.name = ?
                """, name);
    }
}
