package org.registrybbm.migrations.liquibase;

import org.registrybbm.testkit.postgres.TestDatabase;

/** The ten states in which somebody who needs the result of a batched migration can find it, and what a gate does then. */
enum GateState {
    UNKNOWN("does not exist", ""),
    PAUSED("is paused", "status = 0"),
    RUNNING("is not finished", "status = 1"),
    CODE_MISSING("has no code to run it", "status = 1, code_missing_since = now()"),
    FAILED("has failed", "status = 3, failure_error_code = 4, failure_message = 'no'"),
    QUARANTINED("has rows that could not be changed", "status = 3, failure_error_code = 15, failure_message = 'no'"),
    WAIVED(
            "is finished, but rows were waived",
            "status = 2, finished_at = now(), verified_at = now(), verifiable = true"),
    UNVERIFIED("is finished, but not verified", "status = 2, finished_at = now(), verifiable = true"),
    UNVERIFIABLE("is finished, but cannot be verified", "status = 2, finished_at = now(), verifiable = false"),
    VERIFIED("is finished and verified", "status = 2, finished_at = now(), verified_at = now(), verifiable = true");

    private final String firstLine;
    private final String columns;

    GateState(String firstLine, String columns) {
        this.firstLine = firstLine;
        this.columns = columns;
    }

    /** What the gate says first. */
    String firstLine() {
        return "batched migration 'm' " + firstLine;
    }

    boolean passes() {
        return this == VERIFIED;
    }

    /** Takes the migration {@code m} out of whatever state it is in. */
    void pause(TestDatabase database) {
        database.execute("UPDATE batched_background_migrations SET status = 0, verified_at = NULL WHERE name = 'm'");
    }

    /** Makes the migration {@code m} over {@code t.items} be in this state. */
    void make(TestDatabase database) {
        if (this == UNKNOWN) {
            return;
        }
        database.execute("""
                SELECT queue_batched_migration(
                    name => 'm', table_name => 't.items', work_function => 'copyColumn',
                    arguments => '{"from": "id", "to": "v"}', key_columns => 'id'
                );
                UPDATE batched_background_migrations SET %s WHERE name = 'm'
                """.formatted(columns));
        if (this == QUARANTINED || this == WAIVED) {
            database.execute("""
                    INSERT INTO batched_background_migration_quarantined_rows
                        (batched_background_migration_id, table_oid, table_name, row_key, failure_message, status, waived_by,
                         waived_reason)
                    SELECT id, 't.items'::regclass, 't.items', '{"id": 1}', 'no', '%s', 'ann', 'it is an old one'
                    FROM batched_background_migrations
                    """.formatted(this == WAIVED ? "waived" : "quarantined"));
        }
    }
}
