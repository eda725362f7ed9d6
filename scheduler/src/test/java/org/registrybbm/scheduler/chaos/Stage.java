package org.registrybbm.scheduler.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.migrations.testkit.PostgresExtension;
import org.registrybbm.migrations.testkit.TestDatabase;

/** What the faults act on: the server, the proxies, the replicas, the round of migrations that is on. */
final class Stage implements AutoCloseable {
    /** Of all migrations together, in the budgets. */
    static final String BATCH_JOBS = "6";

    private static final Duration LONGEST_INSISTENCE = Duration.ofSeconds(60);

    private final OwnServer server;
    private final ReentrantReadWriteLock calm = new ReentrantReadWriteLock(true);
    private final TestDatabase database;
    private final Timeline timeline;
    private final CommitProxy forRows;
    private final CommitProxy forQuartz;
    private final Replicas replicas;
    private final Writer writer;
    private final Operator operator;
    private volatile Round round;

    Stage(Timeline timeline, long seed, int rows) throws IOException, InterruptedException {
        this.timeline = timeline;
        // A crash of its processes needs no disk that keeps its promises, so nothing is flushed.
        this.server = OwnServer.start(Map.of("fsync", "off", "max_connections", "120", "shared_buffers", "64MB"));
        this.database =
                server.database("chaos", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
        this.forRows = new CommitProxy(server.url("chaos"), timeline);
        this.forQuartz = new CommitProxy(server.url("chaos"), timeline);
        database.execute("""
                CREATE SEQUENCE public.chaos_uids;
                CREATE TABLE public.chaos_book (batch_table text NOT NULL, uid bigint NOT NULL);
                CREATE INDEX ON public.chaos_book (batch_table, uid);
                CREATE TABLE public.chaos_deleted (batch_table text NOT NULL, uid bigint NOT NULL, old boolean, n int);
                CREATE INDEX ON public.chaos_deleted (batch_table)
                """);
        database.execute(Flaws.functions(seed));
        setBudgets(BATCH_JOBS, "NULL");
        this.round = Round.start(this, 1, rows);
        this.writer = new Writer(server.url("chaos") + "&ApplicationName=application", seed, timeline);
        writer.write(round.targets());
        String rowsUrl = forRows.url() + "&connectTimeout=5&socketTimeout=15";
        this.operator = new Operator(rowsUrl + "&ApplicationName=operator", seed, timeline);
        operator.lookAfter(round.targets());
        this.replicas = new Replicas(
                List.of(
                        rowsUrl,
                        forQuartz.url() + "&connectTimeout=5&socketTimeout=10&options="
                                + "-c%20statement_timeout=8s%20-c%20lock_timeout=5s"
                                + "%20-c%20idle_in_transaction_session_timeout=3s"),
                timeline);
    }

    Replicas replicas() {
        return replicas;
    }

    TestDatabase database() {
        return database;
    }

    Timeline timeline() {
        return timeline;
    }

    Writer writer() {
        return writer;
    }

    Operator operator() {
        return operator;
    }

    CommitProxy proxy(Fault.Pool pool) {
        return pool == Fault.Pool.QUARTZ ? forQuartz : forRows;
    }

    Round round() {
        return round;
    }

    /** Lets the next round begin; the application writes its tables from now on, and the operator looks after them. */
    void begin(Round next) {
        writer.write(next.targets());
        operator.lookAfter(next.targets());
        round = next;
    }

    /** Asks the database, which is not crashed meanwhile; returns the first column. */
    List<String> sql(String sql) {
        calm.readLock().lock();
        try {
            return database.column(sql);
        } finally {
            calm.readLock().unlock();
        }
    }

    /** Runs statements separated by semicolons, all or none of them. */
    void run(String sql) {
        calm.readLock().lock();
        try {
            database.execute(sql);
        } finally {
            calm.readLock().unlock();
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
                timeline.add("operator", "tries again: " + e.getCause());
                pass(Duration.ofMillis(300));
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

    /** One crash at a time. */
    void crashServer(Duration down) throws IOException, InterruptedException {
        calm.writeLock().lock();
        try {
            server.crash();
            timeline.add("server", "crashed");
            pass(down);
            server.start();
            timeline.add("server", "started again");
        } finally {
            calm.writeLock().unlock();
        }
    }

    void pass(Duration time) {
        try {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        replicas.killAll();
        writer.close();
        operator.close();
        forRows.close();
        forQuartz.close();
        server.close();
    }
}
