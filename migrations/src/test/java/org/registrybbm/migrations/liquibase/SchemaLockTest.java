package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Several runs of Liquibase on one database, one after the other, whatever becomes of each. */
class SchemaLockTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private TestDatabase database = PostgresExtension.empty();

    @BeforeEach
    void empty() {
        PostgresExtension.drop(database);
        database = PostgresExtension.empty();
    }

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    private Database open(Connection connection) throws Exception {
        return DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
    }

    private void migrate() {
        try (Connection connection = DriverManager.getConnection(database.url())) {
            Scope.child(Map.of(Scope.Attr.ui.name(), new LoggerUIService()), () -> {
                Database locked = open(connection);
                SchemaLock.take(locked, LONG, line -> {});
                Liquibase liquibase =
                        new Liquibase(PostgresExtension.ENGINE_CHANGELOG, new ClassLoaderResourceAccessor(), locked);
                liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                liquibase.update(new Contexts(), new LabelExpression());
            });
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Without the lock, most of them fail here: each one creates the tables of Liquibase. */
    @Test
    void letsSeveralRunsBeginAtOnceOnAnEmptyDatabase() throws Exception {
        ExecutorService runs = Executors.newFixedThreadPool(6);
        try {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                all.add(CompletableFuture.runAsync(this::migrate, runs));
            }
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(2, TimeUnit.MINUTES);
        } finally {
            runs.shutdownNow();
        }

        assertThat(database.number("SELECT count(*) FROM batched_background_migration_schema"))
                .isEqualTo(1);
        assertThat(database.number("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
        assertThat(
                        database.number(
                                "SELECT count(*) FROM (SELECT FROM databasechangelog GROUP BY id, filename HAVING count(*) > 1) AS twice"))
                .isZero();
    }

    @Test
    void tellsWhoHoldsItAndWaitsNoLongerThanItMay() throws Exception {
        List<String> lines = new CopyOnWriteArrayList<>();
        try (Connection holder = DriverManager.getConnection(database.url() + "&ApplicationName=the+other");
                Connection other = DriverManager.getConnection(database.url())) {
            SchemaLock.take(open(holder), LONG, line -> {});

            assertThatThrownBy(() -> SchemaLock.take(open(other), Duration.ofMillis(1), lines::add))
                    .hasMessageContaining("the schema is being changed by 'the other' on ")
                    .hasMessageContaining("waited 0 s");
            assertThat(SchemaLock.holder(open(other)).orElseThrow())
                    .contains("to end it, run SELECT pg_terminate_backend(");
        }
        assertThat(lines).isEmpty();
        try (Connection next = DriverManager.getConnection(database.url())) {
            assertThat(SchemaLock.holder(open(next))).isEmpty();
        }
    }

    /** Its row of databasechangeloglock stays locked, and nobody would ever free it. */
    @Test
    void isTakenOverFromARunThatDied() throws Exception {
        migrate();
        Connection dead = DriverManager.getConnection(database.url());
        SchemaLock.take(open(dead), LONG, line -> {});
        database.execute("""
                UPDATE databasechangeloglock
                SET locked = true, lockgranted = now(), lockedby = 'pod-1#registry-bbm (10.0.0.7)'
                """);
        List<String> lines = new CopyOnWriteArrayList<>();
        try (Connection next = DriverManager.getConnection(database.url())) {
            CompletableFuture<Void> taken = CompletableFuture.runAsync(() -> {
                try {
                    SchemaLock.take(open(next), LONG, lines::add);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            await().atMost(Duration.ofSeconds(20)).until(() -> !lines.isEmpty());

            // As the kernel does for a process that is killed.
            dead.abort(Runnable::run);

            taken.get(20, TimeUnit.SECONDS);
        }
        assertThat(lines.get(0)).startsWith("waiting: the schema is being changed by ");
        assertThat(database.number("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
    }

    @Test
    void leavesTheRowOfAnotherLiquibaseAlone() throws Exception {
        migrate();
        database.execute(
                "UPDATE databasechangeloglock SET locked = true, lockgranted = now(), lockedby = 'laptop (10.0.0.7)'");

        try (Connection connection = DriverManager.getConnection(database.url())) {
            SchemaLock.take(open(connection), LONG, line -> {});
        }

        assertThat(database.number("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isEqualTo(1);
    }

    @Test
    void isNoneOfAnotherSchema() throws Exception {
        database.execute("CREATE SCHEMA app");
        try (Connection one = DriverManager.getConnection(database.url());
                Connection two = DriverManager.getConnection(database.url())) {
            SchemaLock.take(open(one), LONG, line -> {});
            Database other = open(two);
            other.setDefaultSchemaName("app");

            SchemaLock.take(other, Duration.ZERO, line -> {});
        }
    }
}
