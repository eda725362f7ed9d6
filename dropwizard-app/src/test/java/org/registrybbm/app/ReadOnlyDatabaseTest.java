package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import io.dropwizard.db.ManagedDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.app.config.DatabaseFactory;
import org.registrybbm.app.internal.database.Pools;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.testkit.postgres.PgServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A database that was read-only for a while: sessions that pools got meanwhile must not stay in them. */
@ExtendWith(PostgresExtension.class)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class ReadOnlyDatabaseTest {
    private static final Duration SECONDS = Duration.ofSeconds(15);

    private final TestDatabase database;

    ReadOnlyDatabaseTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void table() {
        database.execute("""
                SET client_min_messages = warning;
                DROP TABLE IF EXISTS things;
                CREATE TABLE things (id bigint PRIMARY KEY, small int NOT NULL, wide bigint);
                INSERT INTO things SELECT n, n FROM generate_series(1, 1000) AS n;
                """);
    }

    @Test
    void aPoolOfReadOnlySessionsIsUsedNoLonger() throws Exception {
        DatabaseFactory bounds = new DatabaseFactory();
        ManagedDataSource pool = new Pools(new Pools.Address(database.url(), null, null), false)
                .data(bounds.pool(), Duration.ofSeconds(30))
                .build(new MetricRegistry(), "data");
        pool.start();
        try {
            setReadOnly(true);
            fill(pool, bounds.pool().maxSize());
            setReadOnly(false);
            BatchedMigrations engine = BatchedMigrations.on(pool).build();

            engine.store()
                    .queue(NewBatchedMigration.named("pooled")
                            .work("copyColumn", "{\"from\": \"small\", \"to\": \"wide\"}")
                            .table("public.things")
                            .byKey("id")
                            .batchSize(100)
                            .build());

            assertThat(engine.runToEnd(List.of("pooled"), StopSignal.NEVER).isComplete())
                    .isTrue();
            assertThat(database.number("SELECT count(*) FROM things WHERE wide = small"))
                    .isEqualTo(1000);
        } finally {
            pool.stop();
            setReadOnly(false);
        }
    }

    @Test
    void aReplicaGoesOnWithinSeconds() throws Exception {
        HostApplication application = HostApplication.serve(database.url());
        try {
            await().atMost(RegistryJar.PATIENCE)
                    .until(() -> application
                                    .getApplication("/health-check?type=ready")
                                    .statusCode()
                            == 200);
            database.execute("""
                    INSERT INTO batched_background_migrations
                        (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                    VALUES ('later', 1, 1000, 100, 0, 'copyIt', 'public.things', 'id')
                    """);
            setReadOnly(true);
            admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database.name() + "'");
            // Written from a session that may, as one of before the change.
            setStatus(1);
            await().atMost(RegistryJar.PATIENCE)
                    .untilAsserted(() -> assertThat(
                                    application.post("/tasks/bbm-status").body())
                            .contains("the database is read-only"));

            setReadOnly(false);

            await().atMost(SECONDS)
                    .untilAsserted(() -> assertThat(database.text(
                                    "SELECT status FROM batched_background_migrations WHERE name = 'later'"))
                            .isEqualTo("2"));
        } finally {
            setReadOnly(false);
            application.stop();
        }
    }

    private void setStatus(int status) {
        new TestDatabase(database.name(), database.url() + "&options=-c%20default_transaction_read_only%3Doff")
                .execute("UPDATE batched_background_migrations SET status = " + status);
    }

    private void setReadOnly(boolean on) throws SQLException {
        admin("ALTER DATABASE " + database.name()
                + (on ? " SET default_transaction_read_only = on" : " RESET default_transaction_read_only"));
    }

    /** Has the pool open as many sessions as it may, and gives them back. */
    private static void fill(ManagedDataSource pool, int size) throws SQLException {
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < size; i++) {
                all.add(pool.getConnection());
            }
        } finally {
            for (Connection one : all) {
                one.close();
            }
        }
    }

    private static void admin(String sql) throws SQLException {
        try (Connection connection = PgServer.get().connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
