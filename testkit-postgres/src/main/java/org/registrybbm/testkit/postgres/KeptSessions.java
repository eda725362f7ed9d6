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
 * Keeps sessions of test databases to use them again, because PostgreSQL spends more time on a new session than on most of what a test does
 * in it. A session that is given back is reset to the state of a new one, but keeps its prepared statements, as in the pool of a service:
 * the engine asks the catalogues the same questions many times in a test, and planning a question takes longer than answering it. The
 * prepared statements are dropped when tables are created, changed or dropped, because PostgreSQL refuses a prepared statement whose
 * columns have got other types.
 */
final class KeptSessions {
    private static final int MOST = 4;
    private static final int LONGEST_ANSWER_SECONDS = 2;
    private static final Map<String, Deque<Kept>> IDLE = new ConcurrentHashMap<>();
    private static final AtomicLong DEFINITIONS = new AtomicLong();

    // Does what DISCARD ALL does, but keeps the prepared statements and their plans.
    private static final String RESET = """
            CLOSE ALL;
            SET SESSION AUTHORIZATION DEFAULT;
            RESET ALL;
            UNLISTEN *;
            SELECT pg_advisory_unlock_all();
            DISCARD TEMP;
            DISCARD SEQUENCES
            """;

    // The number says for which state of the tables' definitions the session has prepared its statements.
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

    /** Makes sessions drop their prepared statements. To be called when tables or types were created, changed or dropped. */
    static void definitionsChanged() {
        DEFINITIONS.incrementAndGet();
    }

    /** Ends the kept sessions of a database, for instance after a change of a setting that only new sessions get. */
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

    /** Returns a connection that refuses calls once it is closed, because somebody else may use its session by then. */
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
            // Then it is closed.
        }
        close(real);
    }

    /** Ends the transaction of a session, however it was begun, and everything else that the session holds. */
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
            // The session was gone already.
        }
    }
}
