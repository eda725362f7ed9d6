package org.registrybbm.scheduler.chaos;

/**
 * The table and the migration of one workload in one round.
 *
 * @param table its qualified name
 * @param migration the migration's name
 * @param rows that existed at the start
 * @param firstUid the least {@code uid} of theirs
 */
record Target(Workload workload, String table, String migration, int rows, long firstUid) {
    static Target of(String schema, Workload workload, int round, int rows) {
        String name = "chaos_" + workload.name() + "_" + round;
        return new Target(workload, schema + "." + name, name, rows, 0);
    }

    Target withFirstUid(long uid) {
        return new Target(workload, table, migration, rows, uid);
    }

    /** Makes the table; every second number is left to the application's own rows. */
    String create() {
        return workload.ddl().formatted(table) + """
                INSERT INTO %1$s (%2$s, old)
                SELECT %3$s, true FROM generate_series(2, %4$d, 2) AS g(i);
                ANALYZE %1$s
                """.formatted(table, workload.keys(), workload.values(), rows * 2);
    }

    /** Queues the migration as an active one. */
    String queue(double msPerRow) {
        Workload.Migration m = workload.migration();
        return """
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name,
                     batching_strategy, quarantine_limit, sub_batch_size_max, arguments)
                VALUES ('%s', %s, %s, 200, 1, '%s', '%s', '%s', %s, %d, %s, '{"msPerRow": %s, "table": "%s"}')
                """.formatted(
                        migration,
                        m.minValue(),
                        m.maxValue(),
                        m.work(),
                        table,
                        m.column(),
                        m.strategy(),
                        Flaws.QUARANTINE_LIMIT,
                        workload.refuses() ? Flaws.MOST_ROWS_AT_ONCE : "NULL",
                        msPerRow,
                        table);
    }
}
