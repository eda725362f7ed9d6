package org.registrybbm.scheduler.benchmark;

import java.io.IOException;
import java.util.Map;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A server that flushes as in production, and a table made anew for each measurement. */
final class Bench implements AutoCloseable {
    static final String TABLE = "public.widened";

    /** Bytes that each row has besides; with any, the table has a second index too, as most tables have. */
    private static final int PAYLOAD = Integer.getInteger("benchmark.payload", 0);

    private final OwnServer server;
    private final TestDatabase database;
    private final long rows;

    Bench(long rows) throws IOException, InterruptedException {
        this.rows = rows;
        // Neither a checkpoint nor a vacuum comes by itself in the middle of a measurement.
        this.server = OwnServer.start(Map.of(
                "fsync", "on",
                "shared_buffers", "512MB",
                "max_wal_size", "32GB",
                "checkpoint_timeout", "1h",
                "autovacuum", "off",
                "max_connections", "60"));
        this.database =
                server.database("bench", PostgresExtension.ENGINE_CHANGELOG, PostgresExtension.QUARTZ_CHANGELOG);
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 4");
    }

    TestDatabase database() {
        return database;
    }

    String url() {
        return server.url("bench");
    }

    long rows() {
        return rows;
    }

    /** The same table, vacuumed, everything on disk. */
    void prepare() {
        database.execute("DROP TABLE IF EXISTS " + TABLE);
        database.execute("""
                CREATE TABLE %1$s (id bigint NOT NULL, value int NOT NULL, wide bigint, payload text);
                INSERT INTO %1$s (id, value, payload)
                SELECT i, i %% 1000000, nullif(repeat('x', %3$d), '') FROM generate_series(1, %2$d) i;
                ALTER TABLE %1$s ADD PRIMARY KEY (id)
                """.formatted(TABLE, rows, PAYLOAD));
        if (PAYLOAD > 0) {
            database.execute("CREATE INDEX ON " + TABLE + " (value)");
        }
        database.execute("VACUUM (FREEZE, ANALYZE) " + TABLE);
        database.execute("CHECKPOINT");
    }

    /** Fails when a row was not copied. */
    void check() {
        long wrong = database.number("SELECT count(*) FROM " + TABLE + " WHERE wide IS DISTINCT FROM value");
        if (wrong > 0) {
            throw new AssertionError(wrong + " rows were not copied");
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
