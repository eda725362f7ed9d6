package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The API of a host application, over HTTP. */
@ExtendWith(PostgresExtension.class)
class ApiTest {
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

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    -                     | GET  | 401 | send the header Authorization: Bearer <token>
                    bbm_wrong             | GET  | 401 | no token is like this one
                    bbm_olga-was-here     | GET  | 401 | the token of 'olga' has expired
                    bbm_rita-may-read     | GET  | 200 | "id"
                    bbm_rita-may-read     | POST | 403 | the token of 'rita' may only read
                    bbm_jane-may-operate  | POST | 200 | active -> paused
                    """)
    void letsInWhoShowsAToken(String token, String method, int status, String said) throws Exception {
        long id = waiting("one");
        String path = "/api/v1/migrations/" + id + (method.equals("POST") ? "/pause" : "");

        HttpResponse<String> answer = token.equals("-")
                ? application.send(method, path, "")
                : application.send(method, path, "", "Authorization", "Bearer " + token);

        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).contains(said);
        if (status != 200) {
            assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                    .isOne();
        }
        if (status == 401) {
            assertThat(answer.headers().firstValue("WWW-Authenticate")).isPresent();
        }
    }

    @Test
    void tasksNeedATokenToo() throws Exception {
        waiting("one");

        assertThat(application.post("/tasks/bbm-pause").statusCode()).isEqualTo(401);
        assertThat(application
                        .post("/tasks/bbm-pause", "Authorization", "Bearer " + HostApplication.READ)
                        .statusCode())
                .isEqualTo(403);
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();
        assertThat(application
                        .post("/tasks/bbm-pause?by=somebody", "Authorization", "Bearer " + HostApplication.OPERATE)
                        .body())
                .isEqualTo("one: active -> paused\n");
        assertThat(database.text(
                        "SELECT actor || ' ' || via FROM batched_background_migration_events WHERE event = 'paused'"))
                .isEqualTo("jane task");
    }

    @Test
    void tellsWhatTheCommandTells() throws Exception {
        long one = queue("one", 0);
        long two = queue("two", 3);

        // This replica is told of the news a moment later.
        await().atMost(RegistryJar.PATIENCE)
                .until(() ->
                        get("migrations").path("items").findValuesAsText("name").equals(List.of("one", "two")));
        JsonNode status = get("status");
        JsonNode list = get("migrations");

        assertThat(status.path("answered").booleanValue()).isTrue();
        assertThat(status.path("migrations")).isEqualTo(list.path("items"));
        assertThat(list.path("items").findValuesAsText("name")).containsExactly("one", "two");
        assertThat(list.path("next").isNull()).isTrue();
        assertThat(get("migrations/" + one).path("reason").textValue()).isEqualTo("paused");
        assertThat(get("migrations/" + two).path("command").textValue())
                .isEqualTo("registry background-migrate retry --migration two");
        assertThat(get("migrations?attention=needs_you").path("items").findValuesAsText("name"))
                .containsExactly("two");
        assertThat(get("migrations?q=ON&limit=1").path("items").findValuesAsText("name"))
                .containsExactly("one");
        JsonNode first = get("migrations?limit=1");
        assertThat(first.path("next").longValue()).isEqualTo(one);
        assertThat(get("migrations?after=" + first.path("next").longValue())
                        .path("items")
                        .findValuesAsText("name"))
                .containsExactly("two");
    }

    @Test
    void doesWhatAnOperatorDecidesAndKeepsWhy() throws Exception {
        database.execute("TRUNCATE things; INSERT INTO things SELECT n, n FROM generate_series(1, 1000) AS n");
        long id = queue("one", 0);
        String path = "migrations/" + id;

        assertThat(operate("POST", path + "/start", "{\"dry_run\": true}").toString())
                .isEqualTo("{\"dry_run\":true,\"changes\":[{\"subject\":\"one\",\"change\":\"paused -> active\"}]}");
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isZero();
        assertThat(operate("POST", path + "/pause", "").path("changes")).isEmpty();

        operate("POST", path + "/start", "{\"reason\": \"INC-812\"}");
        await().atMost(RegistryJar.PATIENCE)
                .until(() -> get(path).path("status").textValue().equals("finished"));
        JsonNode jobs = get(path + "/batch-jobs?limit=2");
        assertThat(jobs.path("items")).hasSize(2);
        assertThat(get(path + "/batch-jobs?before=" + jobs.path("next").longValue())
                        .path("items"))
                .isNotEmpty();
        database.execute("UPDATE batched_background_migration_jobs SET folded_job_count = 6 WHERE id = "
                + jobs.path("items").get(0).path("id").longValue());
        assertThat(get(path + "/batch-jobs?limit=1")
                        .path("items")
                        .get(0)
                        .path("folded_jobs")
                        .longValue())
                .isEqualTo(6);
        assertThat(get(path + "/ranges?cells=10").path("cells")).hasSize(10);
        assertThat(get(path + "/samples").path("items").isArray()).isTrue();
        JsonNode started = get(path + "/events").path("items");
        assertThat(started.get(started.size() - 1).toString())
                .contains("\"event\":\"started\"", "INC-812", "\"actor\":\"jane\"", "\"via\":\"api\"");
        assertThat(get("events?actor=jane").path("items")).hasSize(1);
        assertThat(get("events?after=0&limit=1")
                        .path("items")
                        .get(0)
                        .path("migration")
                        .textValue())
                .isEqualTo("one");
    }

    @Test
    void listsTheEventsOfAMigrationInPages() throws Exception {
        long id = waiting("one");
        for (int priority = 1; priority <= 3; priority++) {
            operate("PUT", "migrations/" + id + "/priority", "{\"priority\": " + priority + "}");
        }

        JsonNode first = get("migrations/" + id + "/events?limit=2");
        JsonNode second = get("migrations/" + id + "/events?limit=2&before=" + first.path("next"));

        assertThat(first.path("items").findValuesAsText("new_value")).containsExactly("3", "2");
        assertThat(second.path("items").findValuesAsText("new_value")).containsExactly("1");
        assertThat(second.path("next").isNull()).isTrue();
    }

    @Test
    void changesPrioritiesAndBudgets() throws Exception {
        long id = queue("one", 0);

        assertThat(operate("PUT", "migrations/" + id + "/priority", "{\"priority\": 7}")
                        .toString())
                .contains("priority 7");
        assertThat(operate("PUT", "migrations/" + id + "/priority", "{\"priority\": 7}")
                        .path("changes"))
                .isEmpty();
        assertThat(operate("PUT", "budgets?scope=migration&subject=one", "{\"batch_jobs\": 3, \"reason\": \"slow\"}")
                        .toString())
                .contains("batch jobs 3");
        assertThat(operate("PUT", "budgets?scope=fleet", "{\"rows_per_second\": 5000, \"dry_run\": true}")
                        .toString())
                .contains("rows per second 5000");
        assertThat(operate("PUT", "budgets?scope=fleet", "{\"rows_per_second\": 5000}")
                        .toString())
                .contains("rows per second 5000");
        assertThat(operate("PUT", "budgets?scope=fleet", "{\"rows_per_second\": 5000}")
                        .path("changes"))
                .isEmpty();
        operate("PUT", "budgets?scope=fleet", "{\"rows_per_second\": \"unlimited\"}");
        assertThat(get("budgets").toString()).contains("\"subject\":\"one\",\"batch_jobs\":3");
        assertThat(operate("DELETE", "budgets?scope=migration&subject=one", "").toString())
                .contains("removed");
        assertThat(operate("POST", "actions", "{\"action\": \"start\", \"ids\": [" + id + "]}")
                        .toString())
                .contains("paused -> active");
        List<String> reasons = get("events").path("items").findValuesAsText("reason");
        assertThat(reasons)
                .contains("migration one: set to batch jobs 3, rows per second default; slow")
                .anyMatch(reason -> reason.startsWith("fleet: set to batch jobs"));
    }

    @Test
    void leavesRowsAndTriesThemAgain() throws Exception {
        long id = queue("one", 3);
        database.execute("""
                UPDATE batched_background_migrations SET failure_error_code = 15;
                INSERT INTO batched_background_migration_quarantined_rows
                    (batched_background_migration_id, table_oid, table_name, row_key, status, failure_message, failure_sqlstate)
                SELECT id, 'things'::regclass, 'public.things', '{"id": "7"}', 'quarantined', 'too wide', state
                FROM batched_background_migrations, unnest(ARRAY['23514']) AS state
                """);
        JsonNode rows = get("migrations/" + id + "/rows?sqlstate=23514").path("items");

        HttpResponse<String> without = send(HostApplication.OPERATE, "POST", "migrations/" + id + "/waive", "{}");
        JsonNode waived = operate(
                "POST",
                "migrations/" + id + "/waive",
                "{\"reason\": \"old\", \"rows\": [" + rows.get(0).path("id").longValue() + "]}");

        assertThat(rows.get(0).path("row_key").path("id").textValue()).isEqualTo("7");
        assertThat(without.statusCode()).isEqualTo(400);
        assertThat(without.body()).contains("'reason' is missing");
        assertThat(waived.toString()).contains("1 row waived");
        assertThat(database.text(
                        "SELECT waived_by || ': ' || waived_reason FROM batched_background_migration_quarantined_rows"))
                .isEqualTo("jane: old");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    GET    | nothing                               |                                  | 404 | there is nothing at this address
                    GET    | migrations/99                         |                                  | 404 | there is no migration with the id 99
                    GET    | migrations/x                          |                                  | 404 | there is nothing at this address
                    GET    | migrations/99999999999999999999       |                                  | 404 | there is nothing at this address
                    GET    | migrations?limit=0                    |                                  | 400 | the parameter 'limit' must be a whole number from 1 to 1000
                    GET    | migrations?status=done                |                                  | 400 | must be one of paused, active, finished, failed, running
                    GET    | migrations?limit=1&limit=2            |                                  | 400 | is given more than once
                    GET    | migrations?limits=1                   |                                  | 400 | there is a parameter that is not known
                    GET    | migrations?q=%00                      |                                  | 400 | must be a text without
                    GET    | events?after=1&actor=x                |                                  | 400 | goes with 'limit' only
                    POST   | migrations                            | {}                               | 405 | the header Allow tells which it knows
                    DELETE | migrations/1/pause                    |                                  | 405 | the header Allow tells which it knows
                    POST   | migrations/ID/pause                   | {"reson": "x"}                   | 400 | known are dry_run, reason
                    POST   | migrations/ID/pause                   | {"reason": 1}                    | 400 | 'reason' must be a text
                    POST   | migrations/ID/pause                   | {"dry_run": true, "reason": ""}  | 400 | 'reason' must be a text
                    POST   | migrations/ID/pause                   | {"reason": "x", "reason": "y"}   | 400 | the body is not JSON
                    POST   | migrations/ID/pause                   | []                               | 400 | the body is no JSON object
                    POST   | migrations/ID/pause                   | {} {}                            | 400 | the body is not JSON
                    POST   | migrations/ID/pause                   | LARGE                            | 413 | the body is larger than 64 KB
                    PUT    | migrations/ID/priority                | {"priority": 99999}              | 400 | 'priority' must be a whole number from -32768
                    PUT    | budgets?scope=fleet                   | {}                               | 400 | no limit was given
                    PUT    | budgets?scope=table&subject=t.nothing | {"batch_jobs": 1}                | 400 | there is no table 't.nothing'
                    PUT    | budgets?scope=migration&subject=on    | {"batch_jobs": 1}                | 404 | there is no batched migration 'on'
                    DELETE | budgets?scope=fleet                   |                                  | 400 | is a default, which cannot be removed
                    POST   | actions                               | {"action": "drop", "ids": [ID]}  | 400 | 'action' must be pause, start or retry
                    POST   | actions                               | {"action": "pause", "ids": [9]}  | 404 | there is no migration with the id 9
                    """)
    void saysWhatIsWrongAndChangesNothing(String method, String path, String body, int status, String said)
            throws Exception {
        String id = Long.toString(waiting("one"));
        String text = body == null
                ? ""
                : body.replace("LARGE", " ".repeat(10_000_000)).replace("ID", id);

        HttpResponse<String> answer = send(HostApplication.OPERATE, method, path.replace("ID", id), text);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(JSON.readTree(answer.body()).path("detail").textValue()).contains(said);
        assertThat(answer.body().length()).isLessThan(1_000);
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();
    }

    @Test
    void takesNoLongerForManyWhoAskAtOnce() throws Exception {
        queue("one", 0);
        ExecutorService threads = Executors.newFixedThreadPool(32);
        try {
            List<Future<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                answers.add(threads.submit(
                        () -> send(HostApplication.READ, "GET", "status", "").statusCode()));
            }
            for (Future<Integer> answer : answers) {
                assertThat(answer.get()).isEqualTo(200);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** The stream is no resource of Jersey's. */
    @Test
    void isDescribedAsItIs() throws Exception {
        Set<String> routes = new TreeSet<>(Set.of("GET /events/stream"));
        for (JavaClass resource : new ClassFileImporter().importPackages("org.registrybbm.app.internal.api")) {
            String root = resource.isAnnotatedWith(Path.class)
                    ? resource.getAnnotationOfType(Path.class).value()
                    : null;
            for (JavaMethod method : root == null ? Set.<JavaMethod>of() : resource.getMethods()) {
                String path = "/" + root
                        + (method.isAnnotatedWith(Path.class)
                                ? "/" + method.getAnnotationOfType(Path.class).value()
                                : "");
                Stream.of(GET.class, POST.class, PUT.class, DELETE.class)
                        .filter(method::isAnnotatedWith)
                        .forEach(verb -> routes.add(verb.getSimpleName() + " " + path.replaceFirst("^//", "/")));
            }
        }
        Set<String> described = new TreeSet<>();
        JsonNode document = new YAMLMapper()
                .readTree(application.get("/api/v1/openapi.yaml").body());
        document.path("paths")
                .fields()
                .forEachRemaining(path -> path.getValue()
                        .fieldNames()
                        .forEachRemaining(verb -> described.add(verb.toUpperCase(Locale.ROOT) + " " + path.getKey())));

        assertThat(described).isEqualTo(routes);
    }

    @Test
    void isOnTheApplicationPortWhereTheConfigurationSaysSo() throws Exception {
        assertThat(application.getApplication("/api/v1/status").statusCode()).isEqualTo(401);
        assertThat(application.getApplication("/bbm/").statusCode()).isEqualTo(404);
        assertThat(application.get("/api/v1/openapi.yaml").body()).startsWith("openapi: 3.0.3");
    }
}
