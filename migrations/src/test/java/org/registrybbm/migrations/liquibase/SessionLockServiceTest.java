package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.lockservice.LockService;
import liquibase.lockservice.LockServiceFactory;
import liquibase.lockservice.StandardLockService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.migrations.liquibase.SchemaChangeProcess.Lock;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** An application that runs Liquibase itself, in processes of which one is killed. */
@Tag("slow")
class SessionLockServiceTest {
    private static final String CHANGELOG = """
            databaseChangeLog:
            - changeSet:
                id: 1
                author: test
                changes:
                - sql: {sql: SELECT pg_sleep(60 * count(*)) FROM slow}
            """;

    private final TestDatabase database = PostgresExtension.empty();

    @TempDir
    Path directory;

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    private SchemaChangeProcess start() throws Exception {
        return SchemaChangeProcess.start(database, directory, "changes.yaml", Lock.SERVICE);
    }

    @Test
    void takesOverFromOneThatWasKilled() throws Exception {
        Files.writeString(directory.resolve("changes.yaml"), CHANGELOG);
        database.execute("CREATE TABLE slow AS SELECT 1");
        try (SchemaChangeProcess first = start()) {
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> database.number(
                                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60%' AND state = 'active'")
                            > 0);
            try (SchemaChangeProcess second = start()) {
                second.awaitLine(line -> line.contains("waiting: the schema is being changed by 'SERVICE'"));
                refusesToBreakTheLock();
                database.execute("DELETE FROM slow");

                first.kill();

                assertThat(second.await()).as(String.join("\n", second.lines())).isZero();
            }
        }
        assertThat(database.number("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM databasechangelog")).isOne();
    }

    private void refusesToBreakTheLock() throws Exception {
        try (Connection connection = DriverManager.getConnection(database.url())) {
            SessionLockService service = new SessionLockService();
            service.setDatabase(
                    DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection)));
            assertThatThrownBy(service::forceReleaseLock)
                    .hasMessageContaining("the schema is being changed by 'SERVICE'")
                    .hasMessageContaining("pg_terminate_backend");
        }
    }

    @Test
    void isLeftToThoseWhoAskForIt() throws Exception {
        try (Connection connection = DriverManager.getConnection(database.url())) {
            Database open =
                    DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));

            LockService service = LockServiceFactory.getInstance().getLockService(open);

            assertThat(service).isExactlyInstanceOf(StandardLockService.class);
        }
    }
}
