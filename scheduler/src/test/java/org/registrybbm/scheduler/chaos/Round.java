package org.registrybbm.scheduler.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** One set of fresh tables and their migrations, all of them at once. */
record Round(Service service, int number, List<Target> targets, Set<String> paused) {
    /** Inside PostgreSQL, so that there is something to interrupt. */
    private static final double MILLIS_PER_ROW = 6;

    private static final Duration OBEYED_WITHIN = Duration.ofSeconds(2);

    /** Makes the tables and queues the migrations. */
    static Round start(Service service, int number, int rows) {
        List<Target> targets = new ArrayList<>();
        for (Workload workload : service.kind().workloads()) {
            Target target = Target.of(service.kind().schema(), workload, number, rows);
            service.run(target.create());
            targets.add(target.withFirstUid(service.number("SELECT min(uid) FROM " + target.table())));
        }
        // Together, so that a crash of the server leaves all or none.
        StringBuilder queue = new StringBuilder();
        targets.forEach(target -> queue.append(target.queue(MILLIS_PER_ROW)).append(";\n"));
        service.run(queue.toString());
        service.timeline().add("round", service.kind().schema() + " " + number + " begins, " + rows + " rows a table");
        return new Round(service, number, List.copyOf(targets), ConcurrentHashMap.newKeySet());
    }

    /** How many rows a table needs to keep so many workers busy for some seconds. */
    static int rowsFor(double seconds, double workers, int tables) {
        return (int) Math.max(500, seconds * 1000 * workers / MILLIS_PER_ROW / tables);
    }

    /** Names of the migrations that are not finished, with their status and why. */
    List<String> unfinished() {
        return service.sql("""
                SELECT concat_ws(' ', name, 'has status', status, failure_error_code, failure_message)
                FROM batched_background_migrations
                WHERE status <> 2 AND name IN (%s)
                """.formatted(names()));
    }

    boolean isFinished() {
        return unfinished().isEmpty();
    }

    private String names() {
        return String.join(
                ", ",
                targets.stream().map(target -> "'" + target.migration() + "'").toList());
    }

    /** Pauses a migration by SQL, checks that it stands still and stays paused, and starts it again. */
    void pause(int which, Duration howLong) {
        String name = any(which).migration();
        if (!paused.add(name)) {
            return;
        }
        try {
            if (service.sql(set(name, "0", "1, 4")).isEmpty()) {
                return;
            }
            service.timeline().add("operator", "paused " + name);
            Stage.pass(OBEYED_WITHIN);
            String before = changed(name);
            Stage.pass(howLong.minus(OBEYED_WITHIN));
            String after = changed(name);
            if (!before.equals(after)) {
                throw new AssertionError(name + " is paused but went on: " + before + " and then " + after);
            }
            if (service.sql(set(name, "1", "0")).isEmpty()) {
                throw new AssertionError(name + " was paused by an operator and something else started it");
            }
            service.timeline().add("operator", "started " + name);
        } finally {
            paused.remove(name);
        }
    }

    /** Returns one of the targets. */
    Target any(int which) {
        return targets.get(which % targets.size());
    }

    /** Returns the target of a kind. */
    Target target(String workload) {
        return targets.stream()
                .filter(target -> target.workload().name().equals(workload))
                .findFirst()
                .orElseThrow();
    }

    /** Edits a definition, sees that it is refused unless no row was changed yet, and sets it back. */
    void editInVain(String name) {
        if (!paused.add(name)) {
            return;
        }
        try {
            service.insist(
                    "UPDATE batched_background_migrations SET column_name = 'uid' WHERE name = '%s' AND status IN (1, 4)"
                            .formatted(name));
            String look = """
                    SELECT concat(status, ' ', CASE status WHEN 3 THEN failure_error_code END)
                    FROM batched_background_migrations
                    WHERE name = '%s' AND column_name = 'uid' AND (status = 2 OR status = 3 AND failure_error_code = 22 OR EXISTS (
                        SELECT
                        FROM batched_background_migration_walks w
                        WHERE w.batched_background_migration_id = batched_background_migrations.id
                            AND w.definition ->> 'column' = 'uid'
                    ))
                    """.formatted(name);
            List<String> edited = List.of("waiting");
            while (edited.equals(List.of("waiting"))) {
                Stage.pass(Duration.ofMillis(200));
                edited = isEdited(name) ? orWaiting(service.sql(look)) : List.of();
            }
            if (!edited.equals(List.of("3 22"))) {
                return;
            }
            service.timeline().add("operator", "sees that the edit of " + name + " is refused, and sets it back");
            service.insist(
                    "UPDATE batched_background_migrations SET column_name = 'id', status = 1 WHERE name = '%s' AND status = 3"
                            .formatted(name));
        } finally {
            paused.remove(name);
        }
    }

    private boolean isEdited(String name) {
        return !service.sql("SELECT id FROM batched_background_migrations WHERE name = '%s' AND column_name = 'uid'"
                        .formatted(name))
                .isEmpty();
    }

    private static List<String> orWaiting(List<String> found) {
        return found.isEmpty() ? List.of("waiting") : found;
    }

    private static String set(String name, String status, String from) {
        return """
                UPDATE batched_background_migrations SET status = %s
                WHERE name = '%s' AND status IN (%s)
                RETURNING name
                """.formatted(status, name, from);
    }

    private String changed(String name) {
        return service.sql("""
                SELECT concat('status ', m.status, ', ', sum(j.migrated_tuple_count), ' rows')
                FROM batched_background_migrations m
                LEFT JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                WHERE m.name = '%s'
                GROUP BY m.id
                """.formatted(name)).get(0);
    }

    /** Checks every table against its ledger. */
    void verify() {
        for (Target target : targets) {
            List<String> wrong = Ledger.of(service, target).faults();
            if (!wrong.isEmpty()) {
                throw new AssertionError(target.migration() + ": " + String.join("; ", wrong));
            }
        }
        service.timeline()
                .add("check", "round " + number + " of " + service.kind().schema() + " matches its ledger");
    }

    /** Removes tables and migrations. */
    void drop() {
        for (Target target : targets) {
            service.run("""
                    DROP TABLE IF EXISTS %1$s;
                    DELETE FROM public.chaos_book WHERE batch_table = '%1$s';
                    DELETE FROM public.chaos_deleted WHERE batch_table = '%1$s';
                    DELETE FROM batched_background_migrations WHERE name = '%2$s'
                    """.formatted(target.table(), target.migration()));
        }
    }
}
