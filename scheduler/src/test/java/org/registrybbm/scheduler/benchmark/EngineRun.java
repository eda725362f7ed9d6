package org.registrybbm.scheduler.benchmark;

import java.util.ArrayList;
import java.util.List;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.scheduler.BatchedMigrationScheduler;
import org.registrybbm.scheduler.chaos.SmallPool;

/** The engine with its default sizes, in some replicas with some workers each; work is queued when they are idle. */
record EngineRun(Bench bench, int replicas, int workers) {
    /** What came of it: from queueing to finished, and rows of the sub-batch in the middle. */
    record Result(double seconds, long subBatch) {}

    Result run(String name) throws Exception {
        List<BatchedMigrationScheduler> fleet = new ArrayList<>();
        try {
            for (int i = 1; i <= replicas; i++) {
                BatchedMigrationScheduler replica = replica(name + "-" + i);
                fleet.add(replica);
                replica.start();
            }
            long began = System.nanoTime();
            bench.database().execute("""
                    INSERT INTO batched_background_migrations
                        (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                         arguments)
                    VALUES ('%s', 1, 9223372036854775807, 100000, 1, 'copyColumn', '%s', 'id',
                        '{"from": "value", "to": "wide", "cast": "bigint"}')
                    """.formatted(name, Bench.TABLE));
            awaitFinished(name);
            double seconds = (System.nanoTime() - began) / 1e9;
            return new Result(seconds, subBatch(name));
        } finally {
            fleet.forEach(BatchedMigrationScheduler::close);
        }
    }

    private void awaitFinished(String name) {
        long status;
        do {
            status = bench.database().number("""
                    SELECT status FROM batched_background_migrations, pg_sleep(0.1) WHERE name = ?
                    """, name);
            if (status == 3) {
                throw new AssertionError(bench.database()
                        .text("SELECT failure_message FROM batched_background_migrations WHERE name = ?", name));
            }
        } while (status != 2);
    }

    private long subBatch(String name) {
        return bench.database().number("""
                SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY j.sub_batch_size)
                FROM batched_background_migration_jobs j
                JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
                WHERE m.name = ?
                """, name);
    }

    private BatchedMigrationScheduler replica(String name) throws Exception {
        SmallPool rows = new SmallPool(bench.url(), workers + 3);
        SmallPool quartz = new SmallPool(bench.url(), BatchedMigrationScheduler.Builder.poolSize(workers));
        int lanes = replicas * workers;
        BatchedMigrations engine = BatchedMigrations.on(rows.dataSource())
                .replica(name)
                .settings(EngineSettings.defaults().withLimits(new EngineSettings.Limits(lanes, lanes)))
                .build();
        return BatchedMigrationScheduler.on(engine)
                .quartzDataSource(quartz.dataSource())
                .replica(name)
                .workers(workers)
                .build();
    }
}
