package org.registrybbm.scheduler.benchmark;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * What serves users while a migration runs: it updates single rows, locks some and then updates them, and reads, each from a thread and a
 * connection of its own, anywhere in the table. It keeps how long each statement took, and what failed.
 */
final class Application implements AutoCloseable {
    private static final String DEADLOCK = "40P01";
    private static final int LOCKED_ROWS = 5;
    private static final long BREATH_MILLIS = 3;

    private final TestDatabase database;
    private final long rows;
    private final ConcurrentLinkedQueue<Wait> waits = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<SQLException> failures = new ConcurrentLinkedQueue<>();
    private final ReadWriteLock rest = new ReentrantReadWriteLock(true);
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    /** One statement, and the time it took in ms. */
    record Wait(String sql, double millis) {}

    /** What the application did and had to bear. */
    record Report(long statements, Wait longest, double p99, long deadlocks, List<SQLException> failures) {}

    private interface Transaction {
        void run(Connection connection, SplittableRandom random) throws SQLException;
    }

    Application(TestDatabase database, long rows) {
        this.database = database;
        this.rows = rows;
    }

    Application start() {
        thread("updates a row", this::updateOne);
        thread("locks rows and updates them", this::lockSome);
        thread("reads rows", this::read);
        return this;
    }

    /** Lets nothing of the application run beside something that is no part of the measurement. */
    void resting(Runnable between) {
        rest.writeLock().lock();
        try {
            between.run();
        } finally {
            rest.writeLock().unlock();
        }
    }

    Report report() {
        List<Wait> sorted = waits.stream()
                .sorted((one, other) -> Double.compare(one.millis(), other.millis()))
                .toList();
        return new Report(
                sorted.size(),
                sorted.get(sorted.size() - 1),
                sorted.get(sorted.size() * 99 / 100).millis(),
                failures.stream().filter(e -> DEADLOCK.equals(e.getSQLState())).count(),
                List.copyOf(failures));
    }

    private void updateOne(Connection connection, SplittableRandom random) throws SQLException {
        run(connection, "UPDATE public.shared SET touched = touched + 1 WHERE id = ?", random.nextLong(rows) + 1);
    }

    /** In no order that would keep it from deadlocks. */
    private void lockSome(Connection connection, SplittableRandom random) throws SQLException {
        long around = random.nextLong(rows) + 1;
        for (int i = 0; i < LOCKED_ROWS; i++) {
            long id = Math.max(1, Math.min(rows, around + random.nextLong(-2_000, 2_000)));
            run(connection, "SELECT FROM public.shared WHERE id = ? FOR UPDATE", id);
            run(connection, "UPDATE public.shared SET touched = touched + 1 WHERE id = ?", id);
        }
    }

    private void read(Connection connection, SplittableRandom random) throws SQLException {
        long from = random.nextLong(rows) + 1;
        run(connection, "SELECT sum(value), sum(wide) FROM public.shared WHERE id BETWEEN ? AND ? + 100", from, from);
        run(connection, "SELECT FROM public.shared WHERE id = ? FOR SHARE", from);
    }

    private void run(Connection connection, String sql, Object... args) throws SQLException {
        long began = System.nanoTime();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) {
                statement.setObject(i + 1, args[i]);
            }
            statement.execute();
        } finally {
            waits.add(new Wait(sql, (System.nanoTime() - began) / 1e6));
        }
    }

    private void thread(String what, Transaction transaction) {
        Thread thread = new Thread(() -> repeat(what, transaction), "application " + what);
        threads.add(thread);
        thread.start();
    }

    private void repeat(String what, Transaction transaction) {
        SplittableRandom random = new SplittableRandom(what.hashCode());
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            while (!closed) {
                rest.readLock().lock();
                try {
                    once(transaction, connection, random);
                } finally {
                    rest.readLock().unlock();
                }
                Thread.sleep(BREATH_MILLIS);
            }
        } catch (SQLException e) {
            failures.add(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void once(Transaction transaction, Connection connection, SplittableRandom random) throws SQLException {
        try {
            transaction.run(connection, random);
            connection.commit();
        } catch (SQLException e) {
            failures.add(e);
            connection.rollback();
        }
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
