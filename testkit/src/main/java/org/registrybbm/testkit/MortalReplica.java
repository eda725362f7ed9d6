package org.registrybbm.testkit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.registrybbm.testkit.postgres.BareDataSource;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Gives a replica its connections, and may kill it: all connections are then gone at once, nothing is handed back, and no new ones are
 * opened. To PostgreSQL this looks the same as a killed process.
 */
final class MortalReplica implements BareDataSource {
    private final TestDatabase database;
    private final Optional<Death> death;
    private final List<Connection> connections = new ArrayList<>();
    private int subBatches;
    private boolean dead;

    MortalReplica(TestDatabase database, Optional<Death> death) {
        this.database = database;
        this.death = death;
    }

    /** Returns whether the replica was killed. */
    boolean isDead() {
        return dead;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (dead) {
            throw new SQLException("this replica was killed", "08001");
        }
        // A session that no other test uses again, because it may be cut off.
        Connection real = DriverManager.getConnection(database.url());
        Ledger.mark(real);
        connections.add(real);
        return (Connection) Proxy.newProxyInstance(
                MortalReplica.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("commit") && isLastCommit(real)) {
                        commitAndDie(real);
                    }
                    try {
                        return method.invoke(real, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }

    private boolean isLastCommit(Connection real) throws SQLException {
        return !dead
                && death.isPresent()
                && Ledger.hasChanges(real)
                && ++subBatches == death.get().subBatch();
    }

    private void commitAndDie(Connection real) throws SQLException {
        if (death.orElseThrow().moment() == Death.Moment.AFTER_COMMIT) {
            real.commit();
        }
        dead = true;
        for (Connection connection : connections) {
            connection.abort(Runnable::run);
        }
        throw new SQLException("this replica was killed", "08006");
    }
}
