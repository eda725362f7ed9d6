package org.registrybbm.scheduler.chaos;

import java.time.Duration;

/** What a person locks and forgets. */
enum Grip {
    /** A row of the table that is migrated. */
    ONE_ROW(20, "SELECT uid FROM %1$s WHERE uid = %3$d FOR UPDATE"),

    /** Many rows of it, done ones and others. */
    ROWS(20, "SELECT uid FROM %1$s WHERE uid BETWEEN %3$d AND %3$d + 200 FOR UPDATE"),

    /** Those that are next, or being changed right now. */
    ROWS_AT_WORK(20, "SELECT uid FROM %1$s WHERE n = 0 ORDER BY %4$s LIMIT 40 FOR UPDATE"),

    /** The row of the migration. */
    MIGRATION(10, "SELECT id FROM batched_background_migrations WHERE name = '%2$s' FOR UPDATE"),

    /** The rows of its batch jobs, those that are leased too. */
    BATCH_JOBS(20, """
            SELECT j.id
            FROM batched_background_migration_jobs j
            JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
            WHERE m.name = '%2$s' AND j.status <> 2
            FOR UPDATE OF j
            """),

    /** The table, for reading it undisturbed. */
    TABLE_FOR_READING(3, "LOCK TABLE %1$s IN SHARE MODE"),

    /** The table, alone. */
    TABLE(3, "LOCK TABLE %1$s IN ACCESS EXCLUSIVE MODE"),

    /** The engine's own tables, alone. */
    ENGINE(3, """
            LOCK TABLE batched_background_migrations IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE batched_background_migration_jobs IN ACCESS EXCLUSIVE MODE
            """);

    private final int seconds;
    private final String sql;

    Grip(int seconds, String sql) {
        this.seconds = seconds;
        this.sql = sql;
    }

    /** How long it is held at most. */
    Duration longest() {
        return Duration.ofSeconds(seconds);
    }

    /**
     * Returns the statements.
     *
     * @param some which rows
     */
    String of(Target target, int some) {
        return sql.formatted(
                target.table(),
                target.migration(),
                target.firstUid() + some % target.rows(),
                target.workload().migration().column());
    }
}
