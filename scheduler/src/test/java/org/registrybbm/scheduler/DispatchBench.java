package org.registrybbm.scheduler;

import java.time.Duration;
import org.registrybbm.migrations.EngineSettings;
import org.registrybbm.migrations.testkit.PostgresExtension;
import org.registrybbm.migrations.testkit.TestDatabase;

/**
 * Measures how much of their time the workers of two replicas with two workers each hold a batch job, from the first claim to the last
 * end. Arguments: rows of a batch, batches, milliseconds per row. Not a test; {@code -Dbbm.bench.gaps=true} shows each start and end.
 */
public final class DispatchBench {
    private DispatchBench() {}

    /** Runs one measurement. */
    public static void main(String[] args) throws Exception {
        int batch = Integer.parseInt(args[0]);
        int batches = Integer.parseInt(args[1]);
        TestDatabase database = PostgresExtension.migrated();
        try (Fleet fleet = new Fleet(database).limits(4, 4)) {
            EngineSettings settings = Replica.SETTINGS.withTargets(
                    new EngineSettings.Targets(Duration.ZERO, Duration.ofMillis(Math.min(500, batch / 10))));
            for (String name : new String[] {"one", "two"}) {
                fleet.start(Replica.of(name, new CountingPool(database)).with(settings));
            }
            Ledger ledger =
                    Ledger.create(database, "bench", batch * batches).queue(batch, "{\"msPerRow\": " + args[2] + "}");
            ledger.awaitFinishedExactly(Duration.ofMinutes(10));
            if (Boolean.getBoolean("bbm.bench.gaps")) {
                database.column("""
                        SELECT concat_ws(' ', lease_owner, round(extract(epoch FROM at - min(at) OVER ()), 3), what, id)
                        FROM (SELECT id, lease_owner, started_at AS at, 'start' AS what FROM batched_background_migration_jobs
                            UNION ALL
                            SELECT id, lease_owner, finished_at, '  end' FROM batched_background_migration_jobs) e
                        ORDER BY at
                        """).forEach(System.out::println);
            }
            System.out.println(database.text("""
                    SELECT format('batches %s, mean %s s, elapsed %s s, held %s %%, busy %s %%, by replica %s, held between the first end and the last start %s %%',
                        count(*), round(avg(extract(epoch FROM finished_at - started_at)), 2),
                        round(extract(epoch FROM max(finished_at) - min(started_at)), 1),
                        round(100 * sum(extract(epoch FROM finished_at - started_at))
                            / (4 * extract(epoch FROM max(finished_at) - min(started_at))), 1),
                        round(100 * sum(busy_ms) / 1000.0
                            / (4 * extract(epoch FROM max(finished_at) - min(started_at))), 1),
                        (SELECT string_agg(lease_owner || ' ' || n, ', ')
                         FROM (SELECT lease_owner, count(*) AS n FROM batched_background_migration_jobs GROUP BY 1) o),
                        (SELECT round(100 * sum(greatest(0, extract(epoch FROM least(finished_at, w.till) - greatest(started_at, w.since))))
                            / (4 * max(extract(epoch FROM w.till - w.since))), 1)
                         FROM batched_background_migration_jobs,
                            (SELECT min(finished_at) AS since, max(started_at) AS till
                             FROM batched_background_migration_jobs) w))
                    FROM batched_background_migration_jobs
                    """));
        } finally {
            PostgresExtension.drop(database);
        }
        System.exit(0);
    }
}
