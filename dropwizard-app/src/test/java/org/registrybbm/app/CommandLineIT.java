package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.app.internal.webhook.Receiver;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
class CommandLineIT {
    @TempDir
    private Path directory;

    private TestDatabase database;
    private RegistryJar registry;

    @BeforeEach
    void prepare(TestDatabase migrated) {
        database = migrated;
        registry = RegistryJar.on(database.url(), directory);
        database.execute("""
                DROP TABLE IF EXISTS things;
                CREATE TABLE things (id bigint PRIMARY KEY, media_type_id int, media_type_id_convert_to_bigint bigint);
                INSERT INTO things SELECT n, n, 0 FROM generate_series(1, 500) AS n;
                DELETE FROM batched_background_migrations;
                """);
    }

    @Test
    void statusIsATableOnStdoutAndNothingElse() throws Exception {
        queue("copy_things", 1, "public.things");
        queue("fill_things", 0, "public.things");

        Result result = registry.run("background-migrate", "status");

        assertThat(result.exit()).isZero();
        assertThat(result.err()).isEmpty();
        List<String[]> rows = result.out()
                .lines()
                .filter(line -> line.contains("|"))
                .map(line -> line.split("\\|", 3))
                .toList();
        assertThat(rows)
                .extracting(row -> row[0].strip())
                .containsExactly("Batched Background Migration", "copy_things", "fill_things");
        assertThat(rows).extracting(row -> row[1].strip()).containsExactly("Status", "active", "paused");
        assertThat(result.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(120));
    }

    /** What only a server needs would take most of the time until a command answers. */
    @Test
    void aLookLoadsNothingOfAServer() throws Exception {
        Path loaded = directory.resolve("loaded.txt");
        Result result = new RegistryJar(
                        directory,
                        Map.of(
                                "REGISTRY_DATABASE_URL",
                                database.url(),
                                "JDK_JAVA_OPTIONS",
                                "-Xlog:class+load:file=" + loaded))
                .run("background-migrate", "status");

        assertThat(result.exit()).isZero();
        assertThat(Files.readString(loaded))
                .contains("org.registrybbm.app.internal.text.answer.StatusTable")
                .doesNotContain(
                        "com.sun.jmx.mbeanserver", // metrics of the JVM
                        "io.dropwizard.health.Schedule", // the block 'health'
                        "ch.qos.logback.classic.layout.", // Logback's own configuration
                        "org.glassfish.jersey.server.");
    }

    @Test
    void webhookTestSendsOneMessageAndPrintsTheAnswer() throws Exception {
        try (Receiver webhook = new Receiver()) {
            RegistryJar sender =
                    new RegistryJar(directory, Map.of("REGISTRY_WEBHOOK_URL", webhook.url() + "/a-secret-path"));
            assertThat(sender.command("webhook", "test"))
                    .isEqualTo(new Result(0, "the message was taken: " + webhook.url() + " answered 204\n", ""));
            assertThat(webhook.received).hasSize(1);
            assertThat(webhook.received.get(0).body()).contains("\"batched_migration.test\"");

            webhook.status = 403;
            webhook.answer = "invalid_token";
            assertThat(sender.command("webhook", "test"))
                    .isEqualTo(new Result(
                            1, "", "the message was not taken: " + webhook.url() + " answered 403 'invalid_token'\n"));
        }
        assertThat(registry.command("webhook", "test").err())
                .contains("there is no webhook in the configuration; set backgroundMigrations.webhook.url");
    }

    @Test
    void statusAsJsonIsLimitedToNamedMigrations() throws Exception {
        queue("copy_things", 1, "public.things");
        queue("fill_things", 0, "public.things");

        Result result = registry.command("background-migrate", "status", "--json", "--migration", "fill_things");

        JsonNode json = new ObjectMapper().readTree(result.out());
        assertThat(json).hasSize(1);
        assertThat(json.at("/0/name").asText()).isEqualTo("fill_things");
        assertThat(json.at("/0/status").asText()).isEqualTo("paused");
    }

    /** On standard error, as the container registry's commands of these names print nothing. */
    @Test
    void pauseResumeAndStartSayWhatTheyChanged() throws Exception {
        queue("copy_things", 1, "public.things");
        queue("fill_things", 4, "public.things");

        assertThat(registry.run("background-migrate", "pause", "--reason", "INC-812"))
                .isEqualTo(
                        new Result(
                                0,
                                "",
                                "copy_things: active -> paused\nfill_things: running -> paused\n"
                                        + "undo: registry background-migrate start --migration copy_things --migration fill_things\n"));
        assertThat(statuses()).isEqualTo("0 0");
        assertThat(registry.command("background-migrate", "status").out())
                .containsPattern("paused by \\S+@\\S+ \\(cli\\) at \\S+Z: INC-812");
        assertThat(registry.command("background-migrate", "start", "--migration", "fill_things"))
                .isEqualTo(
                        new Result(
                                0,
                                "",
                                "fill_things: paused -> active\nundo: registry background-migrate pause --migration fill_things\n"));
        assertThat(statuses()).isEqualTo("0 1");
        assertThat(registry.command("background-migrate", "resume").out()).isEmpty();
        assertThat(statuses()).isEqualTo("1 1");
        assertThat(registry.command("background-migrate", "resume"))
                .isEqualTo(new Result(0, "", "nothing to change\n"));

        database.execute("UPDATE batched_background_migrations SET status = 3 WHERE name = 'copy_things'");
        assertThat(registry.command(
                                "background-migrate",
                                "start",
                                "--migration",
                                "copy_things",
                                "--migration",
                                "fill_things")
                        .err())
                .isEqualTo(
                        "nothing to change\ncopy_things stays failed; once its cause is mended: registry background-migrate retry --migration copy_things\nfill_things stays active\n");
    }

    @Test
    void budgetsAreListedAndChanged() throws Exception {
        queue("copy_things", 0, "public.things");
        Path file = Files.writeString(directory.resolve("registry.yml"), "backgroundMigrations: {workers: 1}");

        assertThat(registry.command("background-migrate", "budget", "set", "--batch-jobs", "5"))
                .isEqualTo(new Result(0, "", "fleet: batch jobs 5, rows per second unlimited\n"));
        assertThat(registry.command("background-migrate", "budget", "set", "--batch-jobs", "5"))
                .isEqualTo(new Result(0, "", "nothing to change\n"));
        assertThat(registry.command(
                        "background-migrate",
                        "budget",
                        "set",
                        "--migration",
                        "copy_things",
                        "--rows-per-second",
                        "700"))
                .isEqualTo(new Result(0, "", "migration copy_things: batch jobs default, rows per second 700\n"));
        assertThat(registry.command("background-migrate", "priority", "copy_things", "-3"))
                .isEqualTo(new Result(0, "", "copy_things: priority -3\n"));

        assertThat(registry.command("background-migrate", "budget").out().lines())
                .anyMatch(line -> line.matches("fleet +\\| \\* +\\| 5 +\\|.*"))
                .anyMatch(line -> line.matches("migration +\\| copy_things +\\| default +\\| 700 +\\| -"));
        JsonNode json = new ObjectMapper()
                .readTree(registry.command("background-migrate", "budget", "--json")
                        .out());
        assertThat(json.at("/0/batch_jobs").asInt()).isEqualTo(5);
        assertThat(json.at("/0/rows_per_second").asText()).isEqualTo("unlimited");
        assertThat(database.number("SELECT priority FROM batched_background_migrations"))
                .isEqualTo(-3);
        assertThat(registry.command("background-migrate", "budget", file.toString())
                        .err())
                .doesNotContain("usage: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "budget set --batch-jobs 1001 | batch jobs is 1001, allowed is 0 to 1000 or 'unlimited'",
                "budget set --migration copy_thing --batch-jobs 1 | the nearest names are: copy_things",
                "budget set --table public.nothing --batch-jobs 1 | there is no table 'public.nothing'",
                "budget set | give batch-jobs, rows-per-second or",
                "budget --batch-jobs 1 | write 'budget set'",
                "budget sett registry.yml | there is no 'budget sett'",
                "priority copy_things 40000 | allowed is -32768 to 32767"
            })
    void mistakesInBudgetsAreOneLineAndChangeNothing(String line) throws Exception {
        queue("copy_things", 0, "public.things");
        String[] parts = line.split(" \\| ");

        Result result = registry.command(("background-migrate " + parts[0]).split(" "));

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).hasLineCount(1).contains(parts[1]);
    }

    @Test
    void runBringsMigrationsToTheirEnd() throws Exception {
        queue("copy_things", 0, "public.things");

        Result result = registry.command("background-migrate", "run");

        assertThat(result.exit()).isZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("finished: 1 of 1 batched migrations");
        assertThat(database.number("SELECT count(*) FROM things WHERE media_type_id_convert_to_bigint = id"))
                .isEqualTo(500);
    }

    @Test
    void runNamesWhatFailedAndExitsWithOne() throws Exception {
        queue("sick", 1, "public.nothing");
        queue("copy_things", 1, "public.things");

        Result result = registry.command("background-migrate", "run", "-r", "1");

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err().lines())
                .anySatisfy(line -> assertThat(line).startsWith("failed: sick: invalid_bbm_table (1): "))
                .anySatisfy(line -> assertThat(line).startsWith("1 of 2 batched migrations failed"));
        assertThat(statuses()).isEqualTo("3 2");
    }

    @Test
    void terminationHandsTheBatchJobBack() throws Exception {
        database.execute("""
                CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
                CREATE TRIGGER slowly BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION slowly();
                """);
        queue("copy_things", 1, "public.things");
        // Many small batches: the first rows are there long before the last ones.
        database.execute("UPDATE batched_background_migrations SET batch_size = 10, batch_size_fixed = true");
        try (Running run = registry.start("background-migrate", "run")) {
            await().atMost(RegistryJar.PATIENCE)
                    .until(() ->
                            database.number("SELECT count(*) FROM things WHERE media_type_id_convert_to_bigint <> 0")
                                    > 0);

            // Ctrl-C goes the same way, but a build in the background has its children ignore SIGINT.
            assertThat(new ProcessBuilder(
                                    "kill", "-TERM", Long.toString(run.process().pid()))
                            .start()
                            .waitFor())
                    .isZero();

            assertThat(run.process().waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(run.process().exitValue()).isEqualTo(143);
            assertThat(run.err())
                    .contains("1 of 1 batched migrations are not finished; run the command again to continue");
            assertThat(database.column(
                            "SELECT id FROM batched_background_migration_jobs WHERE lease_token IS NOT NULL"))
                    .isEmpty();
        }
    }

    @Test
    void unknownNameIsOneLineWithTheNearest() throws Exception {
        queue("copy_things", 1, "public.things");

        Result result = registry.command("background-migrate", "pause", "--migration", "copy_thing");

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).hasLineCount(1).contains("there is no batched migration 'copy_thing'", "copy_things");
        assertThat(statuses()).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "background-migrate",
                "background-migrate nonsense",
                "background-migrate status --nonsense",
                "background-migrate run -r 0",
                "background-migrate run -r 11",
                "background-migrate run --max-job-retry many",
                "background-migrate pause --migration",
                "background-migrate priority",
                "demo --rows 10"
            })
    void wrongUsageExitsWithTwo(String arguments) throws Exception {
        Result result = registry.command(arguments.split(" "));

        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("usage: ");
    }

    /** What most tests here run in a JVM that is there already says and does the same in a process of its own. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "background-migrate budget",
                "background-migrate priority copy_things 3 --dry-run",
                "background-migrate waive --migration copy_thing --by jane --reason because"
            })
    void aProcessOfItsOwnEndsAsACommandOfTheSharedJvm(String arguments) throws Exception {
        queue("copy_things", 1, "public.things");

        assertThat(registry.run(arguments.split(" "))).isEqualTo(registry.command(arguments.split(" ")));
    }

    @Test
    void wrongConfigurationExitsWithOneAndNamesIt() throws Exception {
        Path file = Files.writeString(directory.resolve("wrong.yml"), "backgroundMigrations: {workers: 0}");

        for (Result result :
                List.of(registry.command("check", file.toString()), registry.run("server", file.toString()))) {
            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err()).contains("backgroundMigrations.workers is 0, allowed is 1 to 32");
        }
    }

    @Test
    void databaseThatIsAwayIsOneLine() throws Exception {
        RegistryJar away = RegistryJar.on("jdbc:postgresql://127.0.0.1:1/registry", directory);

        for (Result result : List.of(
                away.command("background-migrate", "status"), away.command("db", "migrate"), away.run("server"))) {
            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err())
                    .hasLineCount(1)
                    .contains("could not connect to PostgreSQL at 127.0.0.1:1/registry", "Connection refused");
            assertThat(result.out()).doesNotContain("\tat ", "\\tat ");
        }
    }

    @Test
    void aLockThatKeepsTheSchemaFromBeingChangedIsOneLineThatNamesItsHolder() throws Exception {
        TestDatabase own = PostgresExtension.migrated();
        own.execute("DELETE FROM databasechangelog WHERE id = 'record-plans-that-failed'");
        String url = own.url() + (own.url().contains("?") ? "&" : "?") + "ApplicationName=somebody";
        try (Connection holder = DriverManager.getConnection(url);
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("LOCK TABLE batched_background_migrations IN ROW EXCLUSIVE MODE");

            Result result = RegistryJar.on(own.url(), directory).command("db", "migrate");

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err()
                            .lines()
                            .toList()
                            .get(result.err().lines().toList().size() - 1))
                    .contains("the table batched_background_migrations is locked by 'somebody'")
                    .contains("run the same command again");
            assertThat(result.err()).doesNotContain("\tat ", "Failed SQL");
            holder.rollback();
        } finally {
            PostgresExtension.drop(own);
        }
    }

    @Test
    void runSaysOfEachFailedTryWhyAndWhenTheNextOneFollows() throws Exception {
        database.execute("""
                CREATE OR REPLACE FUNCTION undefined() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM no_such_function(); RETURN NEW; END $$;
                CREATE TRIGGER undefined BEFORE UPDATE ON things FOR EACH STATEMENT EXECUTE FUNCTION undefined();
                """);
        queue("copy_things", 1, "public.things");

        Result result = registry.command("background-migrate", "run", "-r", "3");

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err().lines())
                .anySatisfy(line -> assertThat(line)
                        .startsWith("copy_things: try 1 of 3 of batch job ")
                        .contains("failed, the next one follows in 2 s: "))
                .anySatisfy(line -> assertThat(line).startsWith("copy_things: try 2 of 3 of batch job "))
                .anySatisfy(line -> assertThat(line).startsWith("failed: copy_things: max_job_retry (4): "));
    }

    @Test
    void serverThatCannotStartSaysWhyInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            RegistryJar second = new RegistryJar(
                    directory,
                    Map.of(
                            "REGISTRY_DATABASE_URL",
                            database.url(),
                            "REGISTRY_ADMIN_PORT",
                            Integer.toString(taken.getLocalPort())));

            Result result = second.run("server");

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err())
                    .hasLineCount(1)
                    .startsWith("Failed to bind to ")
                    .contains("Address already in use; REGISTRY_PORT sets the port");
            assertThat(result.out())
                    .contains("the server did not start: Failed to bind to ")
                    .doesNotContain("\\tat ");
        }
    }

    @Test
    void namesAndPasswordsAreUtf8WithoutALocale() throws Exception {
        queue("größe_Ω", 1, "public.things");
        String role = "größe_" + database.name();
        database.execute(
                "CREATE ROLE \"%1$s\" LOGIN PASSWORD 'é_Ω'; GRANT ALL ON ALL TABLES IN SCHEMA public TO \"%1$s\""
                        .formatted(role));
        RegistryJar bare = new RegistryJar(
                directory,
                Map.of(
                        "REGISTRY_DATABASE_URL",
                        database.url().replaceAll("\\b(user|password)=[^&]*&?", ""),
                        "REGISTRY_DATABASE_USER",
                        role,
                        "REGISTRY_DATABASE_PASSWORD",
                        "é_Ω",
                        "LC_ALL",
                        "C"));
        try {
            assertThat(bare.run("background-migrate", "pause", "--migration", "größe_Ω")
                            .exit())
                    .isZero();
            assertThat(statuses()).isEqualTo("0");
            assertThat(bare.run("background-migrate", "pause", "--migration", "größe")
                            .err())
                    .contains("there is no batched migration 'größe'", "größe_Ω");
        } finally {
            database.execute("DROP OWNED BY \"%1$s\"; DROP ROLE \"%1$s\"".formatted(role));
        }
    }

    @Test
    void schemaOfAConfiguredDatabaseIsMadeByDbMigrateOnly() throws Exception {
        TestDatabase empty = PostgresExtension.empty();
        try {
            RegistryJar fresh = RegistryJar.on(empty.url(), directory);
            for (Result refused : List.of(fresh.command("background-migrate", "status"), fresh.run("server"))) {
                assertThat(refused.exit()).isEqualTo(1);
                assertThat(refused.err()).hasLineCount(1).contains("registry db migrate");
                assertThat(refused.out()).doesNotContain("\tat ", "\\tat ", "Exception");
            }

            assertThat(fresh.run("db", "migrate").exit()).isZero();
            assertThat(fresh.command("db", "migrate").exit()).isZero();

            assertThat(fresh.command("background-migrate", "status").out()).contains("DONE (65), all verified");
            empty.execute("""
                    UPDATE batched_background_migrations
                    SET status = 1, finished_at = NULL, verified_at = NULL, total_tuple_count = NULL
                    """);
            String shipped =
                    fresh.command("background-migrate", "status", "--all").out();
            assertThat(shipped)
                    .contains("backfill_blobs_p_63_id_column")
                    .contains("waits for 'backfill_blobs_p_0_id_column' and 62 others on the same table");
            assertThat(shipped.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(120));
        } finally {
            PostgresExtension.drop(empty);
        }
    }

    private void queue(String name, int status, String table) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('%s', 1, 9223372036854775807, 100, %d, 'copyManifestMediaTypeIDToNewBigIntColumn', '%s', 'id')
                """.formatted(name, status, table));
    }

    private String statuses() {
        return database.text("SELECT string_agg(status::text, ' ' ORDER BY id) FROM batched_background_migrations");
    }
}
