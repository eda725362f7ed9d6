package org.registrybbm.migrations.liquibase.conversion;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Sessions that read and write orders, lines and payments until they are told to stop, with server-side prepared statements and both in
 * transactions and without. It counts what fails, and how long the longest statement took.
 */
final class BusyShop implements AutoCloseable {
    /** The statements. Each has the number of an order as its parameters. */
    private static final List<String> STATEMENTS = List.of(
            "SELECT * FROM t.orders WHERE id = ?",
            "SELECT * FROM (SELECT * FROM t.orders WHERE id >= ? ORDER BY id LIMIT 20) o JOIN t.order_lines l ON l.order_id = o.id",
            "INSERT INTO t.orders (customer, parent_id) VALUES (1, (SELECT id FROM t.orders WHERE id = ? FOR KEY SHARE)) RETURNING *",
            "INSERT INTO t.order_lines (order_id, sku) SELECT id, 'x' FROM t.orders WHERE id = ? FOR KEY SHARE ON CONFLICT DO NOTHING RETURNING order_id",
            "INSERT INTO t.payments (order_id) SELECT id FROM t.orders WHERE id = ? FOR KEY SHARE RETURNING *",
            "UPDATE t.orders SET note = note || '.' WHERE id = ? RETURNING id",
            "UPDATE t.order_lines SET sku = md5(random()::text) WHERE order_id = ?",
            "DELETE FROM t.orders WHERE id = ? AND NOT EXISTS (SELECT FROM t.orders c WHERE c.parent_id = ?)");

    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();
    private final Map<String, Integer> failures = new ConcurrentHashMap<>();
    private final String url;
    private final long orders;
    private volatile String step = "before";
    private volatile boolean stopped;

    private BusyShop(String url, long orders) {
        this.url = url;
        this.orders = orders;
    }

    /** Opens sessions: some in which the driver repairs statements whose result has changed, and some in which it does not. */
    static BusyShop open(TestDatabase database, long orders, int repairing, int plain) {
        BusyShop shop = new BusyShop(database.url(), orders);
        for (int i = 0; i < repairing + plain; i++) {
            int number = i;
            Thread thread = new Thread(() -> shop.work(number, number < repairing), "shop-" + number);
            thread.setDaemon(true);
            shop.threads.add(thread);
            thread.start();
        }
        return shop;
    }

    /** Tells which step of the conversion runs now. */
    void during(String name) {
        step = name;
    }

    /** Returns how many statements were done. */
    long done() {
        return done.get();
    }

    /** Returns how long the longest statement took since the last call, in milliseconds. */
    long longest() {
        return longestNanos.getAndSet(0) / 1_000_000;
    }

    /** Returns how often something failed: by step, kind of session, session, statement and error. */
    Map<String, Integer> failures() {
        return Map.copyOf(failures);
    }

    private void work(int number, boolean repairing) {
        String options = repairing ? "&autosave=conservative" : "";
        try (Connection connection = DriverManager.getConnection(url + options)) {
            List<PreparedStatement> prepared = new ArrayList<>();
            for (String statement : STATEMENTS) {
                prepared.add(connection.prepareStatement(statement));
            }
            while (!stopped) {
                connection.setAutoCommit(ThreadLocalRandom.current().nextBoolean());
                int statements = connection.getAutoCommit() ? 1 : 3;
                try {
                    for (int i = 0; i < statements; i++) {
                        run(prepared, (repairing ? "repairing " : "plain ") + number);
                    }
                    if (!connection.getAutoCommit()) {
                        connection.commit();
                    }
                } catch (SQLException e) {
                    if (!connection.getAutoCommit()) {
                        connection.rollback();
                    }
                }
            }
        } catch (SQLException e) {
            failures.merge(step + " | " + number + " | session | " + e.getMessage(), 1, Integer::sum);
        }
    }

    private void run(List<PreparedStatement> prepared, String session) throws SQLException {
        int which = ThreadLocalRandom.current().nextInt(prepared.size());
        PreparedStatement statement = prepared.get(which);
        long order = ThreadLocalRandom.current().nextLong(1, orders);
        long parameters = STATEMENTS.get(which).chars().filter(c -> c == '?').count();
        for (int parameter = 1; parameter <= parameters; parameter++) {
            statement.setLong(parameter, order);
        }
        String during = step;
        long start = System.nanoTime();
        try {
            statement.execute();
            done.incrementAndGet();
        } catch (SQLException e) {
            // Two sessions that lock two orders in two orders are the application's own matter.
            if (!"40P01".equals(e.getSQLState())) {
                failures.merge(
                        during + " | " + session + " | " + STATEMENTS.get(which) + " | " + e.getSQLState() + " "
                                + e.getMessage(),
                        1,
                        Integer::sum);
            }
            throw e;
        } finally {
            longestNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
        }
    }

    @Override
    public void close() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join(30_000);
        }
    }
}
