package org.registrybbm.migrations.work;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.Set;
import org.registrybbm.migrations.internal.failure.WorkRuleException;

/**
 * The connection that a work function gets. It is the sub-batch's own, but it refuses the methods that would end the transaction. If a work
 * function committed, its rows would be committed without the cursor, and a crash would have them changed twice.
 */
final class GuardedConnection {
    private static final Set<String> REFUSED =
            Set.of("commit", "close", "abort", "setAutoCommit", "unwrap", "setReadOnly", "setTransactionIsolation");

    private GuardedConnection() {}

    /**
     * Returns the connection as a work function gets it.
     *
     * @param tag a comment that is put before each statement that is prepared, so that whoever looks at the server's sessions sees what
     *     it is for; empty for none
     */
    static Connection guard(Connection connection, String tag) {
        return (Connection) Proxy.newProxyInstance(
                GuardedConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    boolean wholeRollback = method.getName().equals("rollback") && method.getParameterCount() == 0;
                    if (wholeRollback || REFUSED.contains(method.getName())) {
                        throw new WorkRuleException("a work function must not call " + method.getName()
                                + "() on its connection; the batch runner commits its rows together with the cursor");
                    }
                    if (!tag.isEmpty() && method.getName().startsWith("prepare") && args[0] instanceof String sql) {
                        args[0] = tag + sql;
                    }
                    try {
                        return method.invoke(connection, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }
}
