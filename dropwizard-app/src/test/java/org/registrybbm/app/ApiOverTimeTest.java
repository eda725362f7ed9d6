package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What outlives a request to the API: verifications, idempotency keys, and streams of events. */
@ExtendWith(PostgresExtension.class)
class ApiOverTimeTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static HostApplication application;
    private static TestDatabase database;

    @BeforeAll
    static void serve(TestDatabase migrated) throws Exception {
        database = migrated;
        database.execute("CREATE TABLE things (id bigint PRIMARY KEY, small int NOT NULL, wide bigint)");
        application = HostApplication.serveWithTokens(database.url());
    }

    @AfterAll
    static void stop() throws Exception {
        application.stop();
    }

    @BeforeEach
    void clean() {
        database.execute("""
                DELETE FROM batched_background_migrations;
                DELETE FROM batched_background_migration_events;
                DELETE FROM batched_background_migration_request_keys;
                DELETE FROM batched_background_migration_budgets WHERE subject <> '*'
                """);
    }

    private static long waiting(String name) {
        return new QueuedThings(database).waiting(name);
    }

    private static long queue(String name, int status) {
        return new QueuedThings(database).queue(name, status, "copyIt");
    }

    private static long queue(String name, int status, String signature) {
        return new QueuedThings(database).queue(name, status, signature);
    }

    private static HttpResponse<String> send(String token, String method, String path, String body) throws Exception {
        return application.send(method, "/api/v1/" + path, body, "Authorization", "Bearer " + token);
    }

    private static JsonNode get(String path) throws Exception {
        HttpResponse<String> answer = send(HostApplication.READ, "GET", path, "");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    private static JsonNode operate(String method, String path, String body) throws Exception {
        HttpResponse<String> answer = send(HostApplication.OPERATE, method, path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    private static HttpResponse<String> pause(long id, String body, String... headers) throws Exception {
        List<String> all = new ArrayList<>(List.of("Authorization", "Bearer " + HostApplication.OPERATE));
        all.addAll(List.of(headers));
        return application.send("POST", "/api/v1/migrations/" + id + "/pause", body, all.toArray(String[]::new));
    }

    @Test
    void answersARequestWithAKeyOnce() throws Exception {
        long id = waiting("one");

        HttpResponse<String> first = pause(id, "{}", "Idempotency-Key", "\"8e03978e\"");
        database.execute("UPDATE batched_background_migrations SET status = 1 WHERE name = 'one'");
        HttpResponse<String> second = pause(id, "{}", "Idempotency-Key", "8e03978e");
        HttpResponse<String> other = pause(id, "{ }", "Idempotency-Key", "8e03978e");

        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.body()).contains("active -> paused");
        assertThat(first.headers().firstValue("Idempotent-Replayed")).isEmpty();
        assertThat(second.statusCode()).isEqualTo(200);
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(second.headers().firstValue("Content-Type"))
                .isEqualTo(first.headers().firstValue("Content-Type"));
        assertThat(second.headers().firstValue("Idempotent-Replayed")).contains("true");
        assertThat(other.statusCode()).isEqualTo(422);
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();

        database.execute("UPDATE batched_background_migration_request_keys SET status = NULL");
        assertThat(pause(id, "{}", "Idempotency-Key", "8e03978e").statusCode()).isEqualTo(409);
        database.execute("UPDATE batched_background_migration_request_keys SET created_at = now() - interval '61 s'");
        assertThat(pause(id, "{}", "Idempotency-Key", "8e03978e").body()).contains("active -> paused");
    }

    @Test
    void keepsTheAnswerOfARefusalAndRefusesWrongKeys() throws Exception {
        long id = waiting("one");

        assertThat(pause(id, "{\"x\": 1}", "Idempotency-Key", "k").statusCode()).isEqualTo(400);
        HttpResponse<String> again = pause(id, "{\"x\": 1}", "Idempotency-Key", "k");
        assertThat(again.statusCode()).isEqualTo(400);
        assertThat(again.headers().firstValue("Idempotent-Replayed")).contains("true");
        assertThat(again.headers().firstValue("Content-Type")).contains("application/problem+json");
        for (String wrong : List.of("", "\"", "\"a", "a b", "a".repeat(256))) {
            assertThat(pause(id, "{}", "Idempotency-Key", wrong).statusCode())
                    .as(wrong)
                    .isEqualTo(400);
        }
        assertThat(pause(id, "{}", "Idempotency-Key", "a", "Idempotency-Key", "b")
                        .statusCode())
                .isEqualTo(400);
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();
        assertThat(pause(id, "{}").statusCode()).isEqualTo(200);
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_request_keys"))
                .isOne();
    }

    @Test
    void verifiesInTheBackground() throws Exception {
        database.execute("TRUNCATE things; INSERT INTO things SELECT n, n, n FROM generate_series(1, 1000) AS n");
        long id = queue("one", 2, "copyIt");
        String path = "migrations/" + id;

        assertThat(send(HostApplication.READ, "GET", path + "/verification", "").statusCode())
                .isEqualTo(404);
        assertThat(operate("POST", path + "/verify", "{\"dry_run\": true}").toString())
                .contains("would read all rows of public.things");
        assertThat(send(HostApplication.READ, "GET", path + "/verification", "").statusCode())
                .isEqualTo(404);

        HttpResponse<String> begun =
                send(HostApplication.OPERATE, "POST", path + "/verify", "{\"reason\": \"before the release\"}");
        assertThat(begun.statusCode()).as(begun.body()).isEqualTo(202);
        assertThat(begun.headers().firstValue("Location"))
                .contains(application.admin("/api/v1/" + path + "/verification").toString());
        JsonNode complete = ended(path);
        assertThat(complete.path("verdict").textValue()).isEqualTo("complete");
        assertThat(complete.path("asked_by").textValue()).isEqualTo("jane");
        assertThat(complete.path("rows_read").longValue()).isPositive();
        assertThat(database.number("SELECT count(verified_at) FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();

        database.execute("UPDATE things SET wide = NULL WHERE id IN (7, 8)");
        assertThat(send(HostApplication.OPERATE, "POST", path + "/verify", "").statusCode())
                .isEqualTo(202);
        JsonNode incomplete = ended(path);
        assertThat(incomplete.path("verdict").textValue()).isEqualTo("incomplete");
        assertThat(incomplete.path("rows_left").longValue()).isEqualTo(2);
        assertThat(get(path + "/events").path("items").findValuesAsText("event"))
                .containsExactly(
                        "verification_ended",
                        "proof_lost",
                        "verification_started",
                        "verification_ended",
                        "verification_started");
        assertThat(get(path + "/events").path("items").findValuesAsText("reason"))
                .contains("before the release", "complete: no row with id from 1 to 1000 is left");
    }

    private static JsonNode ended(String path) throws Exception {
        await().atMost(RegistryJar.PATIENCE)
                .until(() ->
                        get(path + "/verification").path("state").textValue().equals("ended"));
        return get(path + "/verification");
    }

    @Test
    void verifiesNothingTwiceAtATime() throws Exception {
        database.execute("TRUNCATE things; INSERT INTO things VALUES (1, 1, NULL)");
        long slow = queue("slow", 2, "slowToAsk");
        long other = queue("other", 2, "copyIt");
        long elsewhere = queue("elsewhere", 2, "copyIt");
        database.execute("""
                INSERT INTO batched_background_migration_verifications (batched_background_migration_id, replica)
                SELECT id, 'another-replica' FROM batched_background_migrations WHERE name = 'elsewhere'
                """);

        HttpResponse<String> first = send(HostApplication.OPERATE, "POST", "migrations/" + slow + "/verify", "");
        HttpResponse<String> again = send(HostApplication.OPERATE, "POST", "migrations/" + slow + "/verify", "");
        HttpResponse<String> busy = send(HostApplication.OPERATE, "POST", "migrations/" + other + "/verify", "");

        assertThat(first.body()).contains("reads all rows");
        assertThat(again.statusCode()).isEqualTo(202);
        assertThat(JSON.readTree(again.body()).path("changes")).isEmpty();
        assertThat(busy.statusCode()).isEqualTo(409);
        assertThat(busy.body()).contains("this replica is verifying 'slow'");
        assertThat(ended("migrations/" + slow).path("rows_left").longValue()).isOne();

        HttpResponse<String> there = send(HostApplication.OPERATE, "POST", "migrations/" + elsewhere + "/verify", "");
        assertThat(there.statusCode()).isEqualTo(202);
        assertThat(JSON.readTree(there.body()).path("changes")).isEmpty();
        database.execute("UPDATE batched_background_migration_verifications SET seen_at = now() - interval '61 s'");
        assertThat(get("migrations/" + elsewhere + "/verification")
                        .path("state")
                        .textValue())
                .isEqualTo("lost");
        assertThat(send(HostApplication.OPERATE, "POST", "migrations/" + elsewhere + "/verify", "")
                        .body())
                .contains("reads all rows");
        assertThat(ended("migrations/" + elsewhere).path("replica").textValue()).isNotEqualTo("another-replica");
    }

    /** Opens a stream of events; its blocks are read one by one. */
    private static HttpResponse<InputStream> stream(HostApplication server, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.admin("/api/v1/events/stream"))
                .header("Authorization", "Bearer " + HostApplication.READ);
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    }

    private static BufferedReader reader(HttpResponse<InputStream> stream) {
        assertThat(stream.statusCode()).isEqualTo(200);
        return new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8));
    }

    private static String block(BufferedReader reader) throws Exception {
        StringBuilder block = new StringBuilder();
        for (String line = reader.readLine(); line != null && !line.isEmpty(); line = reader.readLine()) {
            block.append(line).append('\n');
        }
        return block.toString();
    }

    private static String idOf(String block) {
        return block.replaceFirst("(?s).*id: ([0-9]+)\n.*", "$1");
    }

    @Test
    void streamsEventsAsTheyComeAndWhatWasMissed() throws Exception {
        long id = waiting("one");
        HttpResponse<InputStream> response = stream(application);
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream;charset=utf-8");
        try (BufferedReader reader = reader(response)) {
            String begin = block(reader);
            assertThat(begin).contains("retry: 3000", "id: ").doesNotContain("data");

            assertThat(pause(id, "{\"reason\": \"INC-812\"}").statusCode()).isEqualTo(200);
            String paused = block(reader);
            assertThat(paused).contains("\"event\":\"paused\"", "\"migration\":\"one\"", "INC-812", "id: ");

            try (BufferedReader again = reader(stream(application, "Last-Event-ID", idOf(begin)))) {
                assertThat(block(again)).contains("id: " + idOf(begin));
                assertThat(block(again)).isEqualTo(paused);
            }
            try (BufferedReader after = reader(stream(application, "Last-Event-ID", idOf(paused)))) {
                assertThat(block(after)).contains("id: " + idOf(paused));
                operate("POST", "migrations/" + id + "/start", "");
                assertThat(block(after)).contains("\"event\":\"started\"");
            }
        }
    }

    @Test
    void losesNoEventThatIsCommittedLate() throws Exception {
        long id = waiting("one");
        assertThat(get("events?after=0").path("items")).isEmpty();
        try (Connection other = DriverManager.getConnection(database.url())) {
            other.setAutoCommit(false);
            other.createStatement()
                    .execute(
                            "INSERT INTO batched_background_migration_events (event, reason) VALUES ('late', 'an open transaction')");
            try (BufferedReader reader = reader(stream(application))) {
                block(reader);
                assertThat(pause(id, "{}").statusCode()).isEqualTo(200);
                assertThat(get("events").path("items").findValuesAsText("event"))
                        .containsExactly("paused");
                other.commit();

                assertThat(block(reader)).contains("\"event\":\"late\"");
                assertThat(block(reader)).contains("\"event\":\"paused\"");
            }
        }
    }

    @Test
    void saysSoIfMoreWasMissedThanIsKept() throws Exception {
        database.execute("""
                INSERT INTO batched_background_migration_events (event) SELECT 'many' FROM generate_series(1, 1000)
                """);
        long newest = database.number("SELECT max(id) FROM batched_background_migration_events");
        long first = newest - 999;

        try (BufferedReader reader = reader(stream(application, "Last-Event-ID", Long.toString(first - 1)))) {
            assertThat(block(reader)).contains("event: reset", "id: " + newest, "read /api/v1/status");
        }
        try (BufferedReader reader = reader(stream(application, "Last-Event-ID", Long.toString(newest + 1)))) {
            assertThat(block(reader)).contains("event: reset", "id: " + newest);
        }
        try (BufferedReader reader = reader(stream(application, "Last-Event-ID", Long.toString(first)))) {
            assertThat(block(reader)).contains("id: " + first).doesNotContain("reset");
            for (long next = first + 1; next <= newest; next++) {
                assertThat(idOf(block(reader))).isEqualTo(Long.toString(next));
            }
        }
    }

    @Test
    void streamsToNobodyWhoMayNot() throws Exception {
        assertThat(application.get("/api/v1/events/stream").statusCode()).isEqualTo(401);
        assertThat(send(HostApplication.READ, "POST", "events/stream", "").statusCode())
                .isEqualTo(405);
        assertThat(send(HostApplication.READ, "GET", "events/stream?after=1", "")
                        .statusCode())
                .isEqualTo(400);
        assertThat(stream(application, "Last-Event-ID", "x").statusCode()).isEqualTo(400);
    }

    @Test
    void holdsNoThreadForAStreamAndEndsThemAllAtTheStop() throws Exception {
        HostApplication server = HostApplication.serveWithTokens(database.url());
        List<BufferedReader> readers = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            readers.add(reader(stream(server)));
        }

        HttpResponse<InputStream> full = stream(server);
        assertThat(full.statusCode()).isEqualTo(503);
        assertThat(full.headers().firstValue("Retry-After")).isPresent();
        assertThat(Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("bbm-event-stream")))
                .hasSizeLessThanOrEqualTo(2);
        assertThat(server.get("/ping").body()).isEqualTo("pong\n");

        long began = System.nanoTime();
        server.stop();

        // Without streams it takes the same; streams that are left open take the whole grace period of the server.
        assertThat(System.nanoTime() - began).isLessThan(8_000_000_000L);
        for (BufferedReader reader : readers) {
            assertThat(reader.lines().toList()).isNotEmpty();
        }
    }
}
