package org.registrybbm.testkit.postgres;

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
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Sessions of test databases that are used again: PostgreSQL spends more time on a new session than on most that a test does in it. One
 * that is given back is as it was when it was new, but that it keeps its prepared statements, as those of a service's pool do: the engine
 * asks the same of the catalogs many times in a test, and planning that takes longer than answering it. Tables that are made anew end them,
 * as a statement whose columns have other types than before is refused.
 */
final class KeptSessions {
    private static final int MOST = 4;
    private static final int LONGEST_ANSWER_SECONDS = 2;
    private static final Map<String, Deque<Kept>> IDLE = new ConcurrentHashMap<>();
    private static final AtomicLong DEFINITIONS = new AtomicLong();

    // What DISCARD ALL does, without the prepared statements and their plans.
    private static final String RESET = """
            CLOSE ALL;
            SET SESSION AUTHORIZATION DEFAULT;
            RESET ALL;
            UNLISTEN *;
            SELECT pg_advisory_unlock_all();
            DISCARD TEMP;
            DISCARD SEQUENCES
            """;

    // The statements that it has prepared are of the tables as they were defined at that time.
    private record Kept(Connection real, long definitions) {}

    private KeptSessions() {}

    static Connection take(String url) throws SQLException {
        Deque<Kept> idle = IDLE.computeIfAbsent(url, key -> new ConcurrentLinkedDeque<>());
        long definitions = DEFINITIONS.get();
        for (Kept kept = idle.poll(); kept != null; kept = idle.poll()) {
            if (isUsable(kept, definitions)) {
                return guard(new Kept(kept.real(), definitions), idle);
            }
        }
        return guard(new Kept(DriverManager.getConnection(url), definitions), idle);
    }

    /** Has sessions forget what they prepared, where tables or types were made, changed or dropped. */
    static void definitionsChanged() {
        DEFINITIONS.incrementAndGet();
    }

    /** Ends those of a database, as where its settings change, which only a new session has. */
    static void end(String name) {
        IDLE.forEach((url, idle) -> {
            if (url.contains(name)) {
                for (Kept kept = idle.poll(); kept != null; kept = idle.poll()) {
                    close(kept.real());
                }
            }
        });
    }

    private static boolean isUsable(Kept kept, long definitions) throws SQLException {
        if (!kept.real().isValid(LONGEST_ANSWER_SECONDS)) {
            close(kept.real());
            return false;
        }
        if (kept.definitions() != definitions) {
            try (Statement statement = kept.real().createStatement()) {
                statement.execute("DEALLOCATE ALL");
            }
        }
        return true;
    }

    /** What is done to a connection that is closed must not reach whoever has its session by then. */
    private static Connection guard(Kept kept, Deque<Kept> idle) {
        AtomicBoolean closed = new AtomicBoolean();
        return (Connection) Proxy.newProxyInstance(
                KeptSessions.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("close")) {
                        if (closed.compareAndSet(false, true)) {
                            giveBack(kept, idle);
                        }
                        return null;
                    }
                    if (closed.get()) {
                        return whenClosed(method.getName());
                    }
                    try {
                        return method.invoke(kept.real(), args);
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

    private static void giveBack(Kept kept, Deque<Kept> idle) {
        Connection real = kept.real();
        try {
            if (!real.isClosed() && idle.size() < MOST) {
                asNew(real);
                idle.push(kept);
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
            statement.execute(RESET);
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
