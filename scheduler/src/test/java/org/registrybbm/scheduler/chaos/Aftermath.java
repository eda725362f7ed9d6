package org.registrybbm.scheduler.chaos;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** What must be true when the faults are over: everything finishes, and nothing is left lying about. */
record Aftermath(Stage stage) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Undoes what faults left behind, as operators would. */
    void heal() throws Exception {
        for (Fault.Pool pool : Fault.Pool.values()) {
            stage.proxy(pool).disarm();
        }
        for (int i = 0; i < Replicas.COUNT; i++) {
            stage.replicas().at(i, replica -> {
                replica.tell("clock 0");
                replica.tell("ail HANG MIGRATE 0 0");
                return replica;
            });
        }
        stage.services().forEach(service -> service.setBudgets(Service.BATCH_JOBS, "NULL"));
        stage.writer().keepToRowsThatAreThere();
        stage.timeline().add("check", "the faults are over");
    }

    /** Although somebody's transaction is older than all that is left to do, and stays open. */
    void everythingFinishes(Duration atMost) throws SQLException {
        String table = stage.main().round().any(0).table();
        try (Person person = Person.keeps(stage.main(), Person.SNAPSHOT_WITH_XID.formatted(table))) {
            await("migrations finish", atMost, () -> {
                stage.requireWell();
                return ofEach(service -> service.round().unfinished());
            });
        }
        stage.fallSilent();
        stage.services().forEach(service -> service.round().verify());
    }

    /** Asks each service. */
    private List<String> ofEach(Function<Service, List<String>> question) {
        return stage.services().stream()
                .flatMap(service -> question.apply(service).stream())
                .toList();
    }

    private List<String> ofEach(String question) {
        return ofEach(service -> service.sql(question));
    }

    // Quartz compares the clocks of replicas, so one that died with a clock ahead of the others' looks alive until
    // then.
    private static final String NOT_AHEAD_OF_TIME = """
            (s.last_checkin_time IS NULL
                OR to_timestamp(s.last_checkin_time / 1000) < clock_timestamp() + interval '1 min')
            """;

    /** While the replicas still run: Quartz holds nothing that is over. */
    void quartzHoldsNoOrphan() {
        await("Quartz is empty", PATIENCE, () -> {
            List<String> left = new ArrayList<>(ofEach("""
                    SELECT concat_ws(' ', 'trigger', trigger_group, trigger_name, trigger_state,
                        'due', to_timestamp(next_fire_time / 1000))
                    FROM qrtz_triggers t
                    WHERE to_timestamp(next_fire_time / 1000) < clock_timestamp() + interval '1 min'
                        AND NOT EXISTS (
                            SELECT
                            FROM qrtz_fired_triggers f
                            JOIN qrtz_scheduler_state s USING (sched_name, instance_name)
                            WHERE f.trigger_group = t.trigger_group
                                AND f.trigger_name = t.trigger_name
                                AND NOT %s
                        )
                    """.formatted(NOT_AHEAD_OF_TIME)));
            left.addAll(ofEach("""
                    SELECT concat_ws(' ', 'fired trigger', trigger_group, trigger_name, 'at', instance_name, f.state,
                        'last seen', to_timestamp(s.last_checkin_time / 1000))
                    FROM qrtz_fired_triggers f
                    LEFT JOIN qrtz_scheduler_state s USING (sched_name, instance_name)
                    WHERE trigger_group <> 'bbm' AND %s
                    """.formatted(NOT_AHEAD_OF_TIME)));
            return left;
        });
    }

    /** Every replica ends when it is told to. */
    void replicasEnd() throws Exception {
        List<String> astray = stage.replicas().astray();
        if (!astray.isEmpty()) {
            throw new AssertionError("replicas: " + String.join(", ", astray));
        }
        for (int i = 0; i < Replicas.COUNT; i++) {
            stage.replicas().at(i, replica -> {
                replica.terminate();
                return replica;
            });
        }
    }

    void nothingIsLeft() {
        await("fired triggers end", PATIENCE, () -> ofEach("""
                SELECT concat_ws(' ', entry_id, trigger_name, state)
                FROM qrtz_fired_triggers f
                LEFT JOIN qrtz_scheduler_state s USING (sched_name, instance_name)
                WHERE %s
                """.formatted(NOT_AHEAD_OF_TIME)));
        stage.main().database().endKeptSessions();
        await("connections end", PATIENCE, () -> stage.main().sql("""
                SELECT concat_ws(' ', application_name, state, left(query, 100))
                FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
                """));
        await("locks end", PATIENCE, () -> stage.main().sql("""
                SELECT concat_ws(' ', locktype, mode, relation::regclass)
                FROM pg_locks
                WHERE pid <> pg_backend_pid()
                """));
    }

    private void await(String what, Duration atMost, Supplier<List<String>> left) {
        long end = System.nanoTime() + atMost.toNanos();
        List<String> now = left.get();
        while (!now.isEmpty()) {
            if (System.nanoTime() > end) {
                throw new AssertionError(what + ": not within " + atMost.toSeconds() + " s, left are " + now);
            }
            Stage.pass(Duration.ofMillis(200));
            now = left.get();
        }
        stage.timeline().add("check", what + ": yes");
    }
}
