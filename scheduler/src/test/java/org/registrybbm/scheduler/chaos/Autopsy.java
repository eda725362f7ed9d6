package org.registrybbm.scheduler.chaos;

import java.util.List;

/** Writes what the tables hold into the timeline of a run that failed. */
final class Autopsy {
    private static final List<String> QUESTIONS = List.of(
            "SELECT to_jsonb(m)::text FROM batched_background_migrations m ORDER BY id",
            "SELECT to_jsonb(j)::text FROM batched_background_migration_jobs j WHERE status <> 2 ORDER BY id",
            "SELECT to_jsonb(q)::text FROM batched_background_migration_quarantined_rows q ORDER BY id",
            "SELECT to_jsonb(t)::text FROM qrtz_triggers t",
            "SELECT to_jsonb(f)::text FROM qrtz_fired_triggers f",
            "SELECT to_jsonb(s)::text FROM qrtz_scheduler_state s",
            "SELECT to_jsonb(a)::text FROM pg_stat_activity a WHERE backend_type = 'client backend'",
            "SELECT clock_timestamp()::text");

    private Autopsy() {}

    static void of(Stage stage) {
        for (Service service : stage.services()) {
            stage.timeline().add("autopsy", "of " + service.kind().schema());
            for (String question : QUESTIONS) {
                try {
                    service.sql(question).forEach(row -> stage.timeline().add("autopsy", row));
                } catch (RuntimeException e) {
                    stage.timeline().add("autopsy", question + ": " + e.getMessage());
                }
            }
        }
    }
}
