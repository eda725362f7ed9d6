package org.registrybbm.scheduler.chaos;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/** A connection pool as an application has one: bounded, keeps its connections, and can be exhausted. */
public final class SmallPool implements AutoCloseable {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    private final String url;
    private final int size;
    private final Semaphore free;
    private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    /** Makes an empty one. */
    public SmallPool(String url, int size) {
        this.url = url;
        this.size = size;
        this.free = new Semaphore(size, true);
    }

    /** Takes every connection, as a leak in the application does, and gives them back after a while. */
    void exhaust(Duration howLong) throws InterruptedException {
        free.acquire(size);
        try {
            TimeUnit.MILLISECONDS.sleep(howLong.toMillis());
        } finally {
            free.release(size);
        }
    }

    /** Closes the connections that nobody has; the others are closed when they come back. */
    @Override
    public void close() {
        closed = true;
        for (Connection one = idle.poll(); one != null; one = idle.poll()) {
            try {
                one.close();
            } catch (SQLException e) {
                // It is gone, as it should be.
            }
        }
    }

    /** Returns what the engine and Quartz take connections from. */
    public DataSource dataSource() {
        return (DataSource) Proxy.newProxyInstance(
                SmallPool.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> {
                    if (method.getName().equals("getConnection") && args == null) {
                        return connection();
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private Connection connection() throws SQLException {
        try {
            if (!free.tryAcquire(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new SQLTransientConnectionException("the pool is exhausted", "08001");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException(e);
        }
        try {
            return lent(usable());
        } catch (SQLException | RuntimeException e) {
            free.release();
            throw e;
        }
    }

    private Connection usable() throws SQLException {
        for (Connection kept = idle.poll(); kept != null; kept = idle.poll()) {
            if (kept.isValid(2)) {
                return kept;
            }
            kept.close();
        }
        return DriverManager.getConnection(url);
    }

    private Connection lent(Connection real) {
        AtomicBoolean back = new AtomicBoolean();
        return (Connection) Proxy.newProxyInstance(
                SmallPool.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        if (back.compareAndSet(false, true)) {
                            takeBack(real);
                        }
                        return null;
                    }
                    if (method.getName().equals("isClosed") && back.get()) {
                        return true;
                    }
                    try {
                        return method.invoke(real, args);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }

    private void takeBack(Connection real) {
        try {
            if (!real.isClosed()) {
                if (!real.getAutoCommit()) {
                    real.rollback();
                    real.setAutoCommit(true);
                }
                idle.push(real);
                if (closed) {
                    close();
                }
            }
        } catch (SQLException e) {
            // Broken; the next one is new.
        } finally {
            free.release();
        }
    }
}
