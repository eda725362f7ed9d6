package org.registrybbm.migrations.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.registrybbm.testkit.postgres.BareDataSource;

/** Connections that write down each statement before it is run, with its parameters in their places. */
public final class StatementLog implements BareDataSource {
    private final DataSource real;
    private final List<String> statements = new CopyOnWriteArrayList<>();
    private final Consumer<String> before;

    public StatementLog(DataSource real) {
        this(real, statement -> {});
    }

    /** Makes one that lets the test do something before a statement is run. */
    public StatementLog(DataSource real, Consumer<String> before) {
        this.real = real;
        this.before = before;
    }

    public List<String> statements() {
        return List.copyOf(statements);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = real.getConnection();
        return proxy(Connection.class, (method, args) -> {
            Object made = call(connection, method, args);
            if (made instanceof PreparedStatement prepared) {
                return logged(PreparedStatement.class, prepared);
            }
            return made instanceof Statement plain ? logged(Statement.class, plain) : made;
        });
    }

    private <T extends Statement> T logged(Class<T> type, T statement) {
        return proxy(type, (method, args) -> {
            if (method.getName().startsWith("execute")) {
                String text = args == null ? statement.toString() : String.valueOf(args[0]);
                statements.add(text);
                before.accept(text);
            }
            return call(statement, method, args);
        });
    }

    private interface Calls {
        Object run(Method method, Object[] args) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Calls calls) {
        return type.cast(Proxy.newProxyInstance(
                StatementLog.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, args) -> calls.run(method, args)));
    }

    private static Object call(Object target, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
