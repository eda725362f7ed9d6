package org.registrybbm.scheduler.chaos;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * One of the services that share the database: a schema with tables of the engine, of Quartz and of its own, and one round of migrations
 * after the other. Names and ids are the same in all of them.
 */
final class Service {
    /** Of all migrations together, in the budgets. */
    static final String BATCH_JOBS = "6";

    private static final Duration LONGEST_INSISTENCE = Duration.ofSeconds(75);

    private final Ground ground;
    private final Kind kind;
    private final TestDatabase database;
    private @Nullable Round verified;
    private volatile @Nullable Round round;

    /** What all services stand on. While the server is crashed, nobody has the read lock. */
    record Ground(OwnServer server, ReentrantReadWriteLock calm, Timeline timeline) {}

    /**
     * How a service differs from the others.
     *
     * @param lanes how many workers change rows, on average
     */
    record Kind(String schema, List<Workload> workloads, double lanes) {
        /** A URL of the database, for sessions that see this schema. */
        String of(String url) {
            return url + "&currentSchema=" + schema;
        }
    }

    /** Makes the tables of the engine and of Quartz. */
    Service(Ground ground, Kind kind) {
        this.ground = ground;
        this.kind = kind;
        this.database = new TestDatabase(
                "chaos", kind.of(ground.server().url("chaos") + "&ApplicationName=" + kind.schema() + "-desk"));
        database.execute("CREATE SCHEMA IF NOT EXISTS " + kind.schema());
        PostgresExtension.migrate(database, PostgresExtension.ENGINE_CHANGELOG);
        PostgresExtension.migrate(database, PostgresExtension.QUARTZ_CHANGELOG);
        setBudgets(BATCH_JOBS, "NULL");
    }

    Kind kind() {
        return kind;
    }

    TestDatabase database() {
        return database;
    }

    Timeline timeline() {
        return ground.timeline();
    }

    /** The URL of a person's own session, which no proxy cuts. */
    String urlOf(String person) {
        return kind.of(ground.server().url("chaos") + "&ApplicationName=" + person);
    }

    Round round() {
        Round now = round;
        if (now == null) {
            throw new IllegalStateException("no round has begun");
        }
        return now;
    }

    /** Begins the next round; returns the one before, null for the first. */
    @Nullable
    Round begin(double seconds) {
        Round before = round;
        int rows = Round.rowsFor(seconds, kind.lanes(), kind.workloads().size());
        round = Round.start(this, before == null ? 1 : before.number() + 1, rows);
        return before;
    }

    /** Verifies a round that is finished, and once more the one before, which late workers may have harmed since. */
    void verify(Round finished) {
        finished.verify();
        Round before = verified;
        if (before != null) {
            before.verify();
            before.drop();
        }
        verified = finished;
    }

    /** Verifies once more the last round that was verified. */
    void verifyAgain() {
        Round before = verified;
        if (before != null) {
            before.verify();
        }
    }

    /** Asks the database, which is not crashed meanwhile; returns the first column. */
    List<String> sql(String sql) {
        ground.calm().readLock().lock();
        try {
            return database.column(sql);
        } finally {
            ground.calm().readLock().unlock();
        }
    }

    /** Runs statements separated by semicolons, all or none of them. */
    void run(String sql) {
        ground.calm().readLock().lock();
        try {
            database.execute(sql);
        } finally {
            ground.calm().readLock().unlock();
        }
    }

    /** The same, again and again for as long as something is in its way. */
    void insist(String sql) {
        long end = System.nanoTime() + LONGEST_INSISTENCE.toNanos();
        while (true) {
            try {
                run(sql);
                return;
            } catch (IllegalStateException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
                timeline().add("operator", "tries again: " + e.getCause());
                Stage.pass(Duration.ofMillis(300));
            }
        }
    }

    long number(String sql) {
        return Long.parseLong(sql(sql).get(0));
    }

    void setBudgets(String batchJobs, String rowsPerSecond) {
        run("""
                UPDATE batched_background_migration_budgets
                SET batch_jobs = %s, rows_per_second = %s
                WHERE scope = 'fleet'
                """.formatted(batchJobs, rowsPerSecond));
    }

    /** Throws where a batch job or a migration has failed for a lock: whatever is in its way is waited for, however long. */
    void requireNoFailureByLocks() {
        List<String> failed = sql("""
                SELECT concat_ws(' ', m.name, 'batch job', j.id, coalesce(j.failure_message, m.failure_message))
                FROM batched_background_migrations m
                LEFT JOIN batched_background_migration_jobs j ON j.batched_background_migration_id = m.id
                WHERE j.failure_sqlstate IN ('55P03', '40P01')
                    OR m.failure_sqlstate IN ('55P03', '40P01')
                """);
        if (!failed.isEmpty()) {
            throw new AssertionError("a lock was counted as a failure: " + failed);
        }
    }
}
