package org.registrybbm.migrations.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The application: it inserts, updates and deletes rows of {@code t.items (tag, touched)} until it is told to stop. */
public final class Traffic implements AutoCloseable {
    private final Worker<Long> worker;
    private volatile boolean stopping;

    private Traffic(TestDatabase database, int rows, long seed) {
        worker = Worker.start(() -> {
            try (Connection connection = database.getConnection();
                    Statement statement = connection.createStatement()) {
                return work(statement, rows, new Random(seed));
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    public static Traffic on(TestDatabase database, int rows, long seed) {
        return new Traffic(database, rows, seed);
    }

    private long work(Statement statement, int rows, Random random) throws SQLException {
        long done = 0;
        for (; !stopping; done++) {
            long tag = 1 + random.nextInt(rows);
            switch (random.nextInt(10)) {
                case 0 -> statement.execute("DELETE FROM t.items WHERE tag = " + tag);
                case 1, 2 -> statement.execute("INSERT INTO t.items (tag) VALUES (" + (rows + done + 1) + ")");
                default -> statement.execute("UPDATE t.items SET touched = touched + 1 WHERE tag = " + tag);
            }
        }
        return done;
    }

    /** Stops it and returns how many statements it did. */
    public long stop() {
        stopping = true;
        return worker.result();
    }

    @Override
    public void close() {
        stopping = true;
    }
}
