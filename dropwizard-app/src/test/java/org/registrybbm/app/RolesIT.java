package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.app.internal.webhook.Receiver;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.spi.Retention;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The roles of {@code roles.sql}: each can do its part, and no more. */
class RolesIT {
    private static final String PASSWORD = "a password";

    @TempDir
    private Path directory;

    private TestDatabase database;
    private String owner;
    private String worker;
    private String observer;

    @BeforeEach
    void createDatabase() {
        database = PostgresExtension.empty();
        // Roles belong to the server, on which other tests may be working.
        owner = database.name() + " owner";
        worker = database.name() + " worker";
        observer = database.name() + " observer";
        database.execute("""
                REVOKE ALL ON DATABASE %s FROM PUBLIC;
                REVOKE ALL ON SCHEMA public FROM PUBLIC
                """.formatted(database.name()));
    }

    @AfterEach
    void dropDatabaseAndRoles() {
        for (String role : new String[] {owner, worker, observer}) {
            database.execute("DROP OWNED BY \"%1$s\" CASCADE; DROP ROLE \"%1$s\"".formatted(role));
        }
        PostgresExtension.drop(database);
    }

    @Test
    void ownerMakesTheSchemaWorkerFinishesAMigrationAndObserverOnlyLooks() throws Exception {
        runScript();
        for (String role : new String[] {owner, worker, observer}) {
            database.execute("ALTER ROLE \"%s\" PASSWORD '%s'".formatted(role, PASSWORD));
        }
        assertSuccess(as(owner).command("db", "migrate"));
        database.execute("""
                CREATE TABLE things (id bigint PRIMARY KEY, small int, wide bigint) PARTITION BY RANGE (id);
                CREATE TABLE low PARTITION OF things FOR VALUES FROM (MINVALUE) TO (501);
                CREATE TABLE high PARTITION OF things FOR VALUES FROM (501) TO (MAXVALUE);
                INSERT INTO things SELECT n, n FROM generate_series(1, 1000) AS n;
                ALTER TABLE things ADD CHECK (wide <> 300) NOT VALID
                """);
        runScript();

        try (Receiver webhook = new Receiver();
                Running replica = worker(webhook).start("server")) {
            new TestDatabase(database.name(), url(worker)).execute("""
                    SELECT queue_batched_migration(
                        name => 'widen',
                        table_name => 'public.things',
                        work_function => 'copyColumn',
                        arguments => '{"from": "small", "to": "wide"}',
                        key_columns => 'id'
                    )
                    """);
            awaitStatus(3);
            await().atMost(RegistryJar.PATIENCE).until(() -> !webhook.received.isEmpty());
            assertThat(webhook.received.get(0).body()).contains("batched_migration.failed");
            assertObserverOnlyLooks();
            assertSuccess(as(worker)
                    .command(
                            "background-migrate",
                            "waive",
                            "--migration",
                            "widen",
                            "--by",
                            "jane",
                            "--reason",
                            "known"));
            awaitStatus(2);
            assertThat(replica.process().isAlive()).isTrue();
        }
        assertThat(database.text(
                        "SELECT verified_at IS NOT NULL FROM batched_background_migrations WHERE name = 'widen'"))
                .isEqualTo("t");
        assertThat(database.number("SELECT count(*) FROM things WHERE wide = small"))
                .isEqualTo(999);
        assertThatWorkerFolds();
        assertThat(as(observer).command("background-migrate", "status", "--all").out())
                .contains("widen");
        assertRefused(worker, "DELETE FROM things");
        assertRefused(worker, "DELETE FROM batched_background_migrations");
        assertRefused(worker, "CREATE TABLE public.mine (id int)");
    }

    private void assertThatWorkerFolds() {
        database.execute("""
                UPDATE batched_background_migrations SET finished_at = now() - interval '31 days' WHERE name = 'widen';
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, walk_id, min_value, max_value, status)
                SELECT j.batched_background_migration_id, j.walk_id, i, i, 2
                FROM (
                    SELECT *
                    FROM batched_background_migration_jobs
                    WHERE batched_background_migration_id =
                        (SELECT id FROM batched_background_migrations WHERE name = 'widen')
                    ORDER BY id
                    LIMIT 1
                ) AS j
                CROSS JOIN generate_series(10001, 10300) i
                """);
        BatchedMigrations engine = BatchedMigrations.on(new TestDatabase(database.name(), url(worker)))
                .build();
        while (engine.retention().step() == Retention.Step.MORE) {}
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations WHERE folded_at IS NOT NULL"))
                .as("the shipped ones have just finished")
                .isEqualTo(1);
        assertThat(database.number("SELECT sum(folded_job_count) FROM batched_background_migration_jobs"))
                .isPositive();
    }

    private void assertObserverOnlyLooks() {
        Result status = as(observer).command("background-migrate", "status");
        assertSuccess(status);
        assertThat(status.out()).contains("quarantined_rows: 1 row");
        assertThat(as(observer).command("background-migrate", "why", "widen").out())
                .contains("1 row");
        assertSuccess(as(observer).command("background-migrate", "show", "widen"));
        assertSuccess(as(observer).command("background-migrate", "jobs", "widen"));
        assertSuccess(as(observer).command("background-migrate", "quarantine"));
        assertSuccess(as(observer).command("background-migrate", "events", "--migration", "widen"));
        assertSuccess(as(observer).command("background-migrate", "budget"));

        Result pause = as(observer).command("background-migrate", "pause");
        assertThat(pause.exit()).isEqualTo(1);
        assertThat(pause.err()).contains("permission denied for table batched_background_migrations");
        assertRefused(observer, "UPDATE batched_background_migrations SET status = 0");
        assertRefused(observer, "SELECT * FROM things");
    }

    private void assertRefused(String role, String sql) {
        assertThatThrownBy(() -> new TestDatabase(database.name(), url(role)).execute(sql))
                .hasMessageContaining("permission denied");
    }

    private static void assertSuccess(Result result) {
        assertThat(result.exit()).as(result.err()).isZero();
    }

    private void awaitStatus(int status) {
        await().atMost(RegistryJar.PATIENCE)
                .until(() -> database.number("SELECT status FROM batched_background_migrations WHERE name = 'widen'")
                        == status);
    }

    private RegistryJar worker(Receiver webhook) {
        return new RegistryJar(
                directory, Map.of("REGISTRY_DATABASE_URL", url(worker), "REGISTRY_WEBHOOK_URL", webhook.url()));
    }

    private RegistryJar as(String role) {
        return RegistryJar.on(url(role), directory);
    }

    private String url(String role) {
        return database.url()
                .replaceAll("([?&])user=[^&]*", "$1user=" + role.replace(" ", "%20"))
                .replaceAll("([?&])password=[^&]*", "$1password=" + PASSWORD.replace(" ", "%20"));
    }

    /** Does what psql does with the variables of the script. */
    private void runScript() throws IOException {
        try (InputStream script = RolesIT.class.getClassLoader().getResourceAsStream("org/registrybbm/db/roles.sql")) {
            database.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8)
                    .replace(":'owner'", "'" + owner + "'")
                    .replace(":'worker'", "'" + worker + "'")
                    .replace(":'observer'", "'" + observer + "'")
                    .replace(":'tables'", "'{public.things}'"));
        }
    }
}
