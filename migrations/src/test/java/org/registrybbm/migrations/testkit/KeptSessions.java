package org.registrybbm.migrations.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Sessions of test databases that are used again: PostgreSQL spends more time on a new session than on most that a test does in it. One
 * that is given back is as it was when it was new.
 */
final class KeptSessions {
    private static final int MOST = 4;
    private static final int LONGEST_ANSWER_SECONDS = 2;
    private static final Map<String, Deque<Connection>> IDLE = new ConcurrentHashMap<>();

    private KeptSessions() {}

    static Connection take(String url) throws SQLException {
        Deque<Connection> idle = IDLE.computeIfAbsent(url, key -> new ConcurrentLinkedDeque<>());
        for (Connection kept = idle.poll(); kept != null; kept = idle.poll()) {
            if (isAlive(kept)) {
                return guard(kept, idle);
            }
        }
        return guard(DriverManager.getConnection(url), idle);
    }

    /** Ends those of a database, as where its settings change, which only a new session has. */
    static void end(String name) {
        IDLE.forEach((url, idle) -> {
            if (url.contains(name)) {
                for (Connection kept = idle.poll(); kept != null; kept = idle.poll()) {
                    close(kept);
                }
            }
        });
    }

    private static boolean isAlive(Connection kept) throws SQLException {
        boolean alive = kept.isValid(LONGEST_ANSWER_SECONDS);
        if (!alive) {
            close(kept);
        }
        return alive;
    }

    /** What is done to a connection that is closed must not reach whoever has its session by then. */
    private static Connection guard(Connection real, Deque<Connection> idle) {
        AtomicBoolean closed = new AtomicBoolean();
        return (Connection) Proxy.newProxyInstance(
                KeptSessions.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        if (closed.compareAndSet(false, true)) {
                            giveBack(real, idle);
                        }
                        return null;
                    }
                    if (closed.get()) {
                        return whenClosed(method.getName());
                    }
                    try {
                        return method.invoke(real, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }

    private static @Nullable Object whenClosed(String method) throws SQLException {
        return switch (method) {
            case "isClosed" -> true;
            case "isValid" -> false;
            case "abort" -> null;
            default -> throw new SQLException("the connection is closed", "08003");
        };
    }

    private static void giveBack(Connection real, Deque<Connection> idle) {
        try {
            if (!real.isClosed() && idle.size() < MOST) {
                asNew(real);
                idle.push(real);
                return;
            }
        } catch (SQLException e) {
            // It is closed, then.
        }
        close(real);
    }

    /** Ends its transaction, however that was begun, and everything else that the session has. */
    private static void asNew(Connection real) throws SQLException {
        real.setNetworkTimeout(Runnable::run, 0);
        if (!real.getAutoCommit()) {
            real.rollback();
            real.setAutoCommit(true);
        }
        try (Statement statement = real.createStatement()) {
            statement.execute("ROLLBACK");
            statement.execute("DISCARD ALL");
        }
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            // It was gone already.
        }
    }
}
