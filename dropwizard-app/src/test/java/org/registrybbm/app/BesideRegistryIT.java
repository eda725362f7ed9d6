package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The commands on a database that the container registry's own software works on too. */
@ExtendWith(PostgresExtension.class)
class BesideRegistryIT {
    @TempDir
    private Path directory;

    @Test
    void migrateSaysInOneLineThatAContainerRegistryIsTooOld() throws Exception {
        TestDatabase database = PostgresExtension.empty();
        try {
            database.execute("CREATE TABLE schema_migrations (id text PRIMARY KEY, applied_at timestamptz)");

            Result result = RegistryJar.on(database.url(), directory).run("db", "migrate");

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err().strip().lines())
                    .singleElement()
                    .asString()
                    .startsWith("bring the registry to 4.32 first: ")
                    .contains("20240604074823_create_batched_background_migrations_table")
                    .endsWith("nothing was changed");
            assertThat(database.column("SELECT count(*) FROM pg_class WHERE relname LIKE 'batched%'"))
                    .containsExactly("0");
        } finally {
            PostgresExtension.drop(database);
        }
    }

    @Test
    void runWaitsForItsSoftwareAndKeepsItOutMeanwhile(TestDatabase database) throws Exception {
        database.execute("""
                CREATE TABLE schema_migrations (id text PRIMARY KEY, applied_at timestamptz);
                COMMENT ON TABLE batched_background_migrations IS NULL;
                CREATE TABLE things (id bigint PRIMARY KEY, media_type_id int, media_type_id_convert_to_bigint bigint);
                INSERT INTO things SELECT n, n, 0 FROM generate_series(1, 500) AS n;
                CREATE FUNCTION note_sharers() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO sharers SELECT count(*) FROM pg_locks
                    WHERE locktype = 'advisory' AND classid = 0 AND objid = 1 AND mode = 'ShareLock' AND granted;
                    RETURN NULL;
                END $$;
                CREATE TABLE sharers (n int);
                CREATE TRIGGER note_sharers AFTER UPDATE ON things FOR EACH STATEMENT EXECUTE FUNCTION note_sharers();
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('copy', 1, 500, 100, 1, 'copyManifestMediaTypeIDToNewBigIntColumn', 'public.things', 'id');
                """);
        try (Connection worker = database.getConnection();
                Statement statement = worker.createStatement()) {
            worker.setAutoCommit(false);
            statement.execute("SELECT pg_try_advisory_xact_lock(1)");
            try (Running run = RegistryJar.on(database.url(), directory).start("background-migrate", "run")) {
                await().atMost(RegistryJar.PATIENCE)
                        .until(() -> run.err().contains("it holds or waits for the advisory lock 1"));
                assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs"))
                        .isZero();
                worker.commit();

                assertThat(run.process().waitFor(RegistryJar.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                assertThat(run.err()).contains("finished: 1 of 1 batched migrations");
            }
        }
        assertThat(database.column("SELECT DISTINCT n FROM sharers")).containsExactly("1");
    }
}
