package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.app.internal.access.Token;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Command, API and page say the same of a migration that stands still, and what they say to type ends it. */
@ExtendWith(PostgresExtension.class)
class ReasonsIT {
    private static final String TOKEN = "bbm_jane-may-operate";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TempDir
    private static Path directory;

    private static TestDatabase database;
    private static RegistryJar registry;
    private static Running server;
    private static String admin;
    private static String cookie;

    /** What is said of a migration. */
    private record Told(String code, String sentence, String command) {
        static Told of(JsonNode json) {
            return new Told(
                    json.path("reason").asText(),
                    json.path("explanation").asText(),
                    json.path("command").asText(""));
        }
    }

    @BeforeAll
    static void serve(TestDatabase migrated) throws Exception {
        database = migrated;
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('never', 1, 1, 1, 0, 'copyColumn', 'public.never', 'id')
                """);
        int port = freePort();
        admin = "http://127.0.0.1:" + port;
        registry = new RegistryJar(
                directory,
                Map.of(
                        "REGISTRY_DATABASE_URL",
                        database.url(),
                        "REGISTRY_ADMIN_PORT",
                        Integer.toString(port),
                        "REGISTRY_TOKENS",
                        "jane:operate:" + Token.hash(TOKEN)));
        Path file = Files.writeString(
                directory.resolve("registry.yml"),
                Files.readString(Path.of("registry.yml")).replace("retryDelay: 5s", "retryDelay: 10m"));
        server = registry.start("server", file.toString());
        await().atMost(RegistryJar.PATIENCE).until(() -> server.out().contains("Started"));
        cookie = logIn();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String logIn() throws Exception {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create(admin + "/bbm/login"))
                .headers("Origin", admin, "Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("token=" + TOKEN)));
        return answer.headers().firstValue("Set-Cookie").orElseThrow().replaceFirst(";.*", "");
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String get(String path, String header, String value) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(admin + path)).header(header, value))
                .body();
    }

    private static Result type(String line) {
        assertThat(line).startsWith("registry ");
        return registry.command(line.substring("registry ".length()).split(" "));
    }

    private static Told byCommand(String name) {
        return Told.of(read(type("registry background-migrate status --json --migration " + name)
                        .out())
                .path(0));
    }

    private static JsonNode read(String json) {
        try {
            return new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(json, e);
        }
    }

    private static long queue(String name, String more, String value) {
        database.execute("""
                CREATE TABLE IF NOT EXISTS %1$s (id bigint PRIMARY KEY, small int, wide bigint);
                INSERT INTO %1$s SELECT n, n FROM generate_series(1, 10) AS n
                """.formatted(name));
        return database.number("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments %3$s)
                VALUES ('%1$s', 1, 1000, 100, 1, 'copyColumn', 'public.%1$s', 'id', '{"from": "small", "to": "wide"}' %2$s)
                RETURNING id
                """.formatted(name, value, more));
    }

    /** Waits until the command says a reason, and asserts that API and page say the same. */
    private static Told toldByAll(String name, long id, String code) {
        await().atMost(RegistryJar.PATIENCE).untilAsserted(() -> {
            Told told = byCommand(name);
            assertThat(told.code()).isEqualTo(code);
            assertThat(Told.of(read(get("/api/v1/migrations/" + id, "Authorization", "Bearer " + TOKEN))))
                    .isEqualTo(told);
            assertThat(get("/bbm/m/" + id, "Cookie", cookie))
                    .contains(">" + told.code() + "<", ">" + html(told.sentence()) + "<")
                    .contains(told.command().isEmpty() ? "" : ">" + html(told.command()) + "<");
        });
        return byCommand(name);
    }

    private static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#x27;");
    }

    /** MINE is the migration and its table. What mends it is done before the command is typed. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            paused            | UPDATE batched_background_migrations SET status = 0 WHERE name = 'MINE' |
            stopped_by_budget | INSERT INTO batched_background_migration_budgets (scope, subject, batch_jobs) VALUES ('migration', 'MINE', 0) |
            failed            | ALTER TABLE MINE RENAME TO away_MINE | ALTER TABLE away_MINE RENAME TO MINE
            retry_backoff     | CREATE FUNCTION MINE() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM no_such_function(); RETURN NEW; END'; CREATE TRIGGER refuse BEFORE UPDATE ON MINE FOR EACH STATEMENT EXECUTE FUNCTION MINE() | DROP TRIGGER refuse ON MINE
            unverified        | UPDATE MINE SET wide = small; UPDATE batched_background_migrations SET status = 2, finished_at = now() WHERE name = 'MINE' |
            """)
    void whatIsSaidToTypeEndsIt(String code, String cause, String remedy) {
        String name = "m_" + code;
        long id = queueWith(name, cause);
        Told told = toldByAll(name, id, code);
        if (remedy != null) {
            database.execute(remedy.replace("MINE", name));
        }

        Result typed = type(told.command());

        assertThat(typed.exit()).as(typed.err()).isZero();
        await().atMost(RegistryJar.PATIENCE)
                .untilAsserted(() -> assertThat(byCommand(name).code()).isEqualTo("verified"));
    }

    /** The replica sees nothing of the migration before its cause is there. */
    private static long queueWith(String name, String cause) {
        long id = queue(name, ", run_after", ", '{never}'");
        database.execute(cause.replace("MINE", name));
        database.execute("UPDATE batched_background_migrations SET run_after = NULL WHERE name = '" + name + "'");
        return id;
    }

    @Test
    void aRowThatCannotBeChangedIsShownMendedAndTriedAgain() {
        String name = "m_quarantined";
        long id = queueWith(name, "ALTER TABLE MINE ADD CHECK (wide <> 7)");
        Told told = toldByAll(name, id, "quarantined_rows");

        Result typed = type(told.command());
        assertThat(typed.out()).contains("{\"id\": \"7\"}");
        database.execute("ALTER TABLE m_quarantined DROP CONSTRAINT m_quarantined_wide_check");

        assertThat(type("registry background-migrate retry --migration " + name).exit())
                .isZero();
        await().atMost(RegistryJar.PATIENCE)
                .untilAsserted(() -> assertThat(byCommand(name).code()).isEqualTo("verified"));
    }

    @Test
    void whoeverHoldsALockIsNamedAndEndsIt() throws Exception {
        long row = queue("m_row", ", run_after", ", '{never}'");
        long table = queue("m_table", ", run_after", ", '{never}'");
        try (Connection holder = DriverManager.getConnection(database.url() + "&ApplicationName=somebody");
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("SELECT FROM m_row FOR UPDATE; LOCK TABLE m_table");
            database.execute(
                    "UPDATE batched_background_migrations SET run_after = NULL WHERE name IN ('m_row', 'm_table')");

            assertThat(toldByAll("m_row", row, "lock_wait").sentence()).contains("(somebody of ");
            assertThat(toldByAll("m_table", table, "plan_failed").sentence())
                    .contains("m_table is locked by process ", "(somebody of ");
            holder.rollback();
        }
        // It would go on by itself too, later.
        await().atMost(RegistryJar.PATIENCE).untilAsserted(() -> {
            assertThat(byCommand("m_row").code()).isEqualTo("verified");
            assertThat(byCommand("m_table").code()).isEqualTo("verified");
        });
    }

    @Test
    void whatWaitsForAnotherOneSaysForWhich() {
        queueWith("m_first", "UPDATE batched_background_migrations SET status = 0 WHERE name = 'MINE'");
        long second = queue("m_second", ", run_after", ", '{m_first}'");
        long unknown = queueWith(
                "m_unknown",
                "UPDATE batched_background_migrations SET job_signature_name = 'nobody' WHERE name = 'MINE'");

        Told told = toldByAll("m_second", second, "waits_migration");
        toldByAll("m_unknown", unknown, "missing_code");

        assertThat(type(told.command()).out()).contains("m_first").contains("paused");
        assertThat(type(byCommand("m_first").command()).exit()).isZero();
        await().atMost(RegistryJar.PATIENCE)
                .untilAsserted(() -> assertThat(byCommand("m_second").code()).isEqualTo("verified"));
    }
}
