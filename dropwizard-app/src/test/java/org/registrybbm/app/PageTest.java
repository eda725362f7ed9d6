package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The page of a host application, as a browser without scripts has it. */
@ExtendWith(PostgresExtension.class)
class PageTest {
    private static HostApplication application;
    private static TestDatabase database;

    @BeforeAll
    static void serve(TestDatabase migrated) throws Exception {
        database = migrated;
        database.execute("""
                CREATE TABLE things (id bigint PRIMARY KEY, small int NOT NULL, wide bigint);
                CREATE TABLE picky (id bigint PRIMARY KEY, small int NOT NULL, wide bigint)
                """);
        application = HostApplication.serveWithTokens(database.url());
    }

    @AfterAll
    static void stop() throws Exception {
        application.stop();
    }

    @BeforeEach
    void clean() {
        database.execute("DELETE FROM batched_background_migrations; DELETE FROM batched_background_migration_events");
    }

    private static long waiting(String name) {
        return new QueuedThings(database).waiting(name);
    }

    private static long queue(String name, int status) {
        return new QueuedThings(database).queue(name, status, "unknownHere");
    }

    private static String origin() {
        return application.admin("").toString();
    }

    private static String logIn(String token) throws Exception {
        HttpResponse<String> answer = post("login", "token=" + token, "-");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(303);
        String cookie = answer.headers().firstValue("Set-Cookie").orElseThrow();
        assertThat(cookie.toLowerCase(Locale.ROOT)).contains("httponly", "samesite=strict", "path=/", "max-age=43200");
        return cookie.substring(0, cookie.indexOf(';'));
    }

    private static HttpResponse<String> get(String path, String cookie, String... headers) throws Exception {
        String[] all = new String[headers.length + 2];
        all[0] = "Cookie";
        all[1] = cookie;
        System.arraycopy(headers, 0, all, 2, headers.length);
        return application.send("GET", "/bbm/" + path, "", all);
    }

    private static HttpResponse<String> post(String path, String form, String cookie) throws Exception {
        return application.send(
                "POST",
                "/bbm/" + path,
                form,
                "Cookie",
                cookie,
                "Origin",
                origin(),
                "Content-Type",
                "application/x-www-form-urlencoded");
    }

    @Test
    void isClosedUntilSomebodyLogsIn() throws Exception {
        assertThat(application.get("/bbm/").statusCode()).isEqualTo(303);
        assertThat(application.get("/bbm/m/7").headers().firstValue("Location"))
                .contains(origin() + "/bbm/login?to=%2Fbbm%2Fm%2F7");
        assertThat(get("", "__Host-bbm=amFuZQ.9999999999.AAAA").statusCode()).isEqualTo(303);
        assertThat(post("login", "token=" + HostApplication.EXPIRED, "-").body())
                .contains("The token of olga has expired.");

        HttpResponse<String> answer = get("", logIn(HostApplication.READ));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("rita (read)").doesNotContain("Pause everything");
        assertThat(answer.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                .doesNotContain("unsafe");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(answer.body()).doesNotContain("style=\"", "onclick");
    }

    @Test
    void isTheFirstLinkOfTheAdminPort() throws Exception {
        assertThat(application.get("/").body()).contains("href=\"/bbm/\"").contains("/healthcheck");
        assertThat(application.get("/ping").body()).isEqualTo("pong\n");
    }

    @Test
    void goesBackToWhereSomebodyWantedToGoButNotToAnotherSite() throws Exception {
        assertThat(post("login", "token=" + HostApplication.READ + "&to=/bbm/m/7", "-")
                        .headers()
                        .firstValue("Location"))
                .contains(origin() + "/bbm/m/7");
        for (String elsewhere : List.of("//evil.example", "https://evil.example", "/bbm//evil.example", "/tasks/gc")) {
            String to = URLEncoder.encode(elsewhere, StandardCharsets.UTF_8);
            assertThat(post("login", "token=" + HostApplication.READ + "&to=" + to, "-")
                            .headers()
                            .firstValue("Location"))
                    .contains(origin() + "/bbm/");
        }
    }

    @Test
    void showsWhatNeedsSomebodyFirst() throws Exception {
        queue("paused <b>one</b>", 0);
        queue("failed", 3);
        queue("done", 2);
        String cookie = logIn(HostApplication.OPERATE);

        // A replica hears of what was changed by SQL a moment later.
        await().atMost(RegistryJar.PATIENCE)
                .until(() -> get("", cookie).body().contains("1 needs you, 0 at work, 1 standing, 1 done"));
        String body = get("", cookie).body();

        assertThat(body.indexOf("Needs you (1)")).isPositive().isLessThan(body.indexOf("Standing (1)"));
        assertThat(body.indexOf("Standing (1)")).isLessThan(body.indexOf("Done (1)"));
        assertThat(body)
                .contains("registry background-migrate retry --migration failed", "paused &lt;b&gt;one", "show them")
                .doesNotContain("<b>one");
        assertThat(get("?all=true", cookie).body()).contains(">done</a>");
        assertThat(get("?q=FAIL", cookie).body()).contains(">failed</a>").doesNotContain("paused &lt;b");
    }

    @Test
    void isSmallWithAThousandMigrations() throws Exception {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                SELECT 'migration_with_quite_a_long_name_' || n, 1, 1000, 100, n % 3, 'unknownHere', 'public.things', 'id'
                FROM generate_series(1, 1000) AS n
                """);

        String cookie = logIn(HostApplication.READ);
        // This replica is told of the news a moment later.
        await().atMost(RegistryJar.PATIENCE).until(() -> get("", cookie).body().contains("more</a>"));

        assertThat(get("", cookie).body().length()).isLessThan(100_000);
    }

    @Test
    void pausesAndStartsWithAReason() throws Exception {
        long id = waiting("one");
        String cookie = logIn(HostApplication.OPERATE);

        HttpResponse<String> asked = get("m/" + id + "/pause", cookie);
        assertThat(asked.body()).contains("This will change 1 thing:", "one: active -&gt; paused", "by jane");
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();

        HttpResponse<String> done = post("m/" + id + "/pause", "reason=replica+lag%2C+INC-812", cookie);
        assertThat(done.statusCode()).isEqualTo(303);
        assertThat(done.headers().firstValue("Location")).contains(origin() + "/bbm/m/" + id);
        assertThat(get("m/" + id, cookie).body())
                .contains(
                        "paused by jane (page) at",
                        "replica lag, INC-812",
                        "registry background-migrate start --migration one");
        assertThat(get("events?actor=jane", cookie).body()).contains("jane (page)", "replica lag, INC-812");

        assertThat(post("start", "", cookie).statusCode()).isEqualTo(303);
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();
    }

    @Test
    void verifiesWhatIsFinished() throws Exception {
        database.execute("TRUNCATE things; INSERT INTO things VALUES (1, 1, 1)");
        long id = new QueuedThings(database).queue("done", 2, "copyIt");
        String cookie = logIn(HostApplication.OPERATE);

        assertThat(get("m/" + id, cookie).body()).contains(">Verify…</a>");
        assertThat(get("m/" + id + "/verify", cookie).body()).contains("done: would read all rows of public.things");
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_verifications"))
                .isZero();
        assertThat(post("m/" + id + "/verify", "reason=INC-812", cookie).statusCode())
                .isEqualTo(303);

        await().atMost(RegistryJar.PATIENCE)
                .until(() -> get("m/" + id, cookie).body().contains("complete at "));
        assertThat(get("events?actor=jane", cookie).body()).contains("verification_started", "INC-812");
    }

    @Test
    void changesPrioritiesAndLimits() throws Exception {
        long id = queue("one", 0);
        String cookie = logIn(HostApplication.OPERATE);

        assertThat(post("m/" + id + "/priority", "priority=x", cookie).statusCode())
                .isEqualTo(400);
        assertThat(post("m/" + id + "/priority", "priority=5", cookie).statusCode())
                .isEqualTo(303);
        assertThat(post("m/" + id + "/budget", "batch_jobs=5000", cookie).body())
                .contains("allowed is 0 to 1000");
        assertThat(post("m/" + id + "/budget", "batch_jobs=5&rows_per_second=", cookie)
                        .statusCode())
                .isEqualTo(303);
        assertThat(get("budget?scope=fleet&subject=*", cookie).body()).contains("Change the budget of the fleet");
        assertThat(get("budgets", cookie).body()).contains("migration one", "<td>5</td>");
        assertThat(get("m/" + id, cookie).body()).contains("<dd>5</dd>");
    }

    @Test
    void leavesChosenRowsAsTheyAre() throws Exception {
        long id = queue("one", 3);
        database.execute("""
                UPDATE batched_background_migrations SET failure_error_code = 15;
                INSERT INTO batched_background_migration_quarantined_rows
                    (batched_background_migration_id, table_oid, table_name, row_key, status, failure_message, failure_sqlstate)
                SELECT m.id, 'things'::regclass, 'public.things', jsonb_build_object('id', n), 'quarantined', 'too wide', 23513 + n
                FROM batched_background_migrations m, generate_series(1, 3) AS n
                """);
        String cookie = logIn(HostApplication.OPERATE);
        long row = database.number("SELECT min(id) FROM batched_background_migration_quarantined_rows");

        // Nobody is told of what was changed here by SQL.
        database.execute("NOTIFY registry_bbm");
        await().atMost(RegistryJar.PATIENCE).until(() -> get("", cookie).body().contains("Decide…"));
        assertThat(get("m/" + id + "/rows", cookie).body()).contains("all 3", "23514 × 1", "too wide");
        assertThat(get("m/" + id + "/rows?sqlstate=23515", cookie).body()).contains("{&quot;id&quot;: 2}");
        assertThat(get("m/" + id + "/waive", cookie).statusCode()).isEqualTo(400);
        assertThat(get("m/" + id + "/waive?row=" + row, cookie).body()).contains("one: 1 row waived", "required");
        assertThat(post("m/" + id + "/waive", "row=" + row, cookie).body()).contains("is blank");
        assertThat(post("m/" + id + "/waive", "row=" + row + "&reason=old", cookie)
                        .statusCode())
                .isEqualTo(303);

        assertThat(get("m/" + id + "/rows", cookie).body()).contains("waived by jane: old");
    }

    @Test
    void takesFormsFromItsOwnPageOnly() throws Exception {
        long id = waiting("one");
        String cookie = logIn(HostApplication.OPERATE);
        String path = "/bbm/m/" + id + "/pause";

        for (String[] header : new String[][] {
            {"Sec-Fetch-Site", "cross-site"},
            {"Sec-Fetch-Site", "same-site"},
            {"Origin", "https://evil.example"},
            {"Origin", "null"},
            {"Accept", "*/*"}
        }) {
            HttpResponse<String> answer = application.send(
                    "POST",
                    path,
                    "",
                    "Cookie",
                    cookie,
                    header[0],
                    header[1],
                    "Content-Type",
                    "application/x-www-form-urlencoded");
            assertThat(answer.statusCode()).as(header[1]).isEqualTo(403);
        }
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();
        assertThat(post("m/" + id + "/pause", "", logIn(HostApplication.READ)).statusCode())
                .isEqualTo(403);
        assertThat(database.number("SELECT status FROM batched_background_migrations WHERE name = 'one'"))
                .isOne();
    }

    @Test
    void tellsABrowserThatItHasTheSameViewAlready() throws Exception {
        queue("one", 0);
        String cookie = logIn(HostApplication.READ);
        HttpResponse<String> first = get("", cookie);

        HttpResponse<String> second = get(
                "", cookie, "If-None-Match", first.headers().firstValue("ETag").orElseThrow());

        assertThat(second.statusCode()).isEqualTo(304);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m/99",
                "m/x",
                "m/99999999999999999999",
                "nothing",
                "assets/0/page.js",
                "budget?scope=x",
                "m/99/rows"
            })
    void saysShortlyThatThereIsNothing(String path) throws Exception {
        HttpResponse<String> answer = get(path, logIn(HostApplication.OPERATE));

        assertThat(answer.statusCode()).isBetween(400, 404);
        assertThat(answer.body().length()).isLessThan(2_000);
        assertThat(answer.body()).doesNotContain("Exception", "jersey");
    }

    @Test
    void slowsDownWhoeverShowsManyWrongTokensButNobodyElse() throws Exception {
        HostApplication other = HostApplication.serveWithTokens(database.url());
        try {
            String form = "application/x-www-form-urlencoded";
            String from = other.admin("").toString();
            for (int i = 0; i < 5; i++) {
                assertThat(other.send("POST", "/bbm/login", "token=x", "Origin", from, "Content-Type", form)
                                .statusCode())
                        .isEqualTo(403);
            }

            HttpResponse<String> wrong =
                    other.send("POST", "/bbm/login", "token=x", "Origin", from, "Content-Type", form);
            HttpResponse<String> right = other.send(
                    "POST", "/bbm/login", "token=" + HostApplication.READ, "Origin", from, "Content-Type", form);

            assertThat(wrong.statusCode()).isEqualTo(429);
            assertThat(wrong.headers().firstValue("Retry-After")).isPresent();
            assertThat(right.statusCode()).isEqualTo(303);
        } finally {
            other.stop();
        }
    }
}
