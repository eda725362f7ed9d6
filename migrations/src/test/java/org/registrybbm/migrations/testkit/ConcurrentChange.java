package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Somebody who holds a row of {@code t.items}, does its work, and commits once another transaction waits for it. */
public final class ConcurrentChange {
    private ConcurrentChange() {}

    /** Returns once the row is locked. */
    public static Worker<Boolean> row(TestDatabase database, long id) throws SQLException {
        Connection connection = database.getConnection();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("UPDATE t.items SET n = n + 1, todo = false WHERE id = " + id);
        }
        return Worker.start(() -> {
            try (connection) {
                while (database.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
                        == 0) {
                    Thread.onSpinWait();
                }
                connection.commit();
                return true;
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
