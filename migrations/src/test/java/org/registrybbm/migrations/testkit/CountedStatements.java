package org.registrybbm.migrations.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.registrybbm.testkit.postgres.BareDataSource;

/** Connections that count what goes through them: commits, the savepoints of one transaction, the rows that one query brings. */
public final class CountedStatements implements BareDataSource {
    private final DataSource real;
    private final AtomicInteger commits = new AtomicInteger();
    private final AtomicInteger mostSavepoints = new AtomicInteger();
    private final AtomicInteger mostRows = new AtomicInteger();

    /** Counts what is done with connections of another source. */
    public CountedStatements(DataSource real) {
        this.real = real;
    }

    /** Returns how many transactions were committed. */
    public int commits() {
        return commits.get();
    }

    /** Returns how many savepoints the transaction had that had most of them. */
    public int mostSavepoints() {
        return mostSavepoints.get();
    }

    /** Returns how many rows were read from the query that brought most. */
    public int mostRows() {
        return mostRows.get();
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = real.getConnection();
        AtomicInteger savepoints = new AtomicInteger();
        return proxy(Connection.class, connection, (name, result) -> {
            switch (name) {
                case "commit" -> {
                    commits.incrementAndGet();
                    savepoints.set(0);
                }
                case "setAutoCommit" -> savepoints.set(0);
                case "setSavepoint" -> mostSavepoints.accumulateAndGet(savepoints.incrementAndGet(), Math::max);
                default -> {}
            }
            return result instanceof PreparedStatement statement ? counted(statement) : result;
        });
    }

    private PreparedStatement counted(PreparedStatement statement) {
        return proxy(
                PreparedStatement.class,
                statement,
                (name, result) -> result instanceof ResultSet rows ? counted(rows) : result);
    }

    private ResultSet counted(ResultSet rows) {
        AtomicInteger read = new AtomicInteger();
        return proxy(ResultSet.class, rows, (name, result) -> {
            if (name.equals("next") && Boolean.TRUE.equals(result)) {
                mostRows.accumulateAndGet(read.incrementAndGet(), Math::max);
            }
            return result;
        });
    }

    /** What is made of the result of a method. */
    private interface After {
        Object of(String method, Object result);
    }

    private static <T> T proxy(Class<T> type, T real, After after) {
        return type.cast(Proxy.newProxyInstance(
                CountedStatements.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
                    try {
                        return after.of(method.getName(), method.invoke(real, args));
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                }));
    }
}
