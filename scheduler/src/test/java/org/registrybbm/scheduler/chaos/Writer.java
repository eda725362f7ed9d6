package org.registrybbm.scheduler.chaos;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The application: it inserts, updates and deletes rows of the tables that are migrated, one short transaction after the other, and writes
 * down in the same transaction what it deletes.
 */
final class Writer implements AutoCloseable {
    private static final int MILLIS_BETWEEN = 5;
    private static final Set<String> LOCKED = Set.of("55P03", "40P01");

    private final String url;
    private final Random random;
    private final Timeline timeline;
    private final Thread thread;
    private final ReentrantLock writing = new ReentrantLock(true);
    private List<Target> targets = List.of();
    private volatile boolean closed;
    private volatile boolean grows = true;
    private final AtomicLong written = new AtomicLong();

    Writer(String url, long seed, Timeline timeline) {
        this.url = url;
        this.random = new Random(seed);
        this.timeline = timeline;
        this.thread = new Thread(this::run, "application");
        thread.setDaemon(true);
        thread.start();
    }

    /** Changes the tables that it writes; when this returns, nothing is under way in the former ones. */
    void write(List<Target> others) {
        writing.lock();
        try {
            targets = others;
        } finally {
            writing.unlock();
        }
    }

    long written() {
        return written.get();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Inserts nothing more: a migration by blocks or by predicate goes on for as long as rows come that are not done, and with one table left
     * all of them come there.
     */
    void keepToRowsThatAreThere() {
        grows = false;
    }

    private void run() {
        while (!closed) {
            try (Connection connection = DriverManager.getConnection(url);
                    Statement statement = connection.createStatement()) {
                statement.execute("SET lock_timeout = '300ms'");
                while (!closed) {
                    step(statement);
                    TimeUnit.MILLISECONDS.sleep(MILLIS_BETWEEN);
                }
            } catch (SQLException e) {
                timeline.add("writer", "connects anew: " + e.getMessage());
                pause();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void step(Statement statement) throws SQLException {
        writing.lock();
        try {
            if (!targets.isEmpty()) {
                statement.execute(change(targets.get(random.nextInt(targets.size()))));
                written.incrementAndGet();
            }
        } catch (SQLException e) {
            // Somebody has locked the row or the table; there are others.
            if (!LOCKED.contains(String.valueOf(e.getSQLState()))) {
                throw e;
            }
        } finally {
            writing.unlock();
        }
    }

    private String change(Target target) {
        int dice = random.nextInt(10);
        if (dice < 4 && grows) {
            // An odd number is nobody's yet; some lie beyond the last one that was there at the start.
            return """
                    INSERT INTO %s (%s) SELECT %s FROM (SELECT %d) g(i)
                    ON CONFLICT DO NOTHING
                    """.formatted(
                            target.table(),
                            target.workload().keys(),
                            target.workload().values(),
                            2 * random.nextInt(target.rows() * 5 / 4) + 1);
        }
        long uid = target.firstUid() + random.nextInt(target.rows());
        if (dice < 8) {
            return "UPDATE %s SET note = note + 1 WHERE uid = %d".formatted(target.table(), uid);
        }
        return """
                WITH gone AS (DELETE FROM %1$s WHERE uid = %2$d RETURNING uid, old, n)
                INSERT INTO public.chaos_deleted (batch_table, uid, old, n)
                SELECT '%1$s', uid, old, n FROM gone
                """.formatted(target.table(), uid);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(200);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
