package org.registrybbm.scheduler;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.registrybbm.testkit.postgres.BareDataSource;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Connections that are used again, as an application's pool does it, and a count of what is sent over them. */
final class CountingPool implements BareDataSource, AutoCloseable {
    private static final Pattern LOCK_OF_QUARTZ = Pattern.compile("(?i)qrtz_locks .*for update");

    private final TestDatabase database;
    private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong quartzLocks = new AtomicLong();

    CountingPool(TestDatabase database) {
        this.database = database;
    }

    /** How many statements were sent, each commit and rollback counted, and several in one string as several. */
    long sent() {
        return sent.get();
    }

    /** How often a row of Quartz's locks was asked for, each of which one replica holds at a time. */
    long quartzLocks() {
        return quartzLocks.get();
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection free = idle.poll();
        return counted(free == null ? database.getConnection() : free);
    }

    @Override
    public void close() throws SQLException {
        for (Connection one = idle.poll(); one != null; one = idle.poll()) {
            one.close();
        }
    }

    private Connection counted(Connection real) {
        return proxy(Connection.class, (method, args) -> {
            switch (method.getName()) {
                case "close" -> {
                    if (!real.isClosed()) {
                        idle.push(real);
                    }
                    return null;
                }
                case "commit", "rollback" -> sent.incrementAndGet();
                default -> {}
            }
            Object result = method.invoke(real, args);
            if (result instanceof PreparedStatement statement) {
                if (args != null
                        && LOCK_OF_QUARTZ.matcher(String.valueOf(args[0])).find()) {
                    quartzLocks.incrementAndGet();
                }
                return counted(PreparedStatement.class, statement);
            }
            return result instanceof Statement statement ? counted(Statement.class, statement) : result;
        });
    }

    private <T extends Statement> T counted(Class<T> type, T real) {
        return proxy(type, (method, args) -> {
            if (method.getName().startsWith("execute")) {
                sent.addAndGet(
                        args == null ? 1 : String.valueOf(args[0]).strip().split(";").length);
            }
            return method.invoke(real, args);
        });
    }

    @FunctionalInterface
    private interface Call {
        @Nullable
        Object make(Method method, Object @Nullable [] args) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            try {
                return call.make(method, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
