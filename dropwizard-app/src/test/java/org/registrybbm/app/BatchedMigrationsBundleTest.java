package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

@ExtendWith(PostgresExtension.class)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class BatchedMigrationsBundleTest {

    private static HostApplication application;
    private static TestDatabase database;

    @BeforeAll
    static void serve(TestDatabase migrated) throws Exception {
        database = migrated;
        database.execute("""
                CREATE TABLE things (id bigint PRIMARY KEY, small int NOT NULL, wide bigint);
                INSERT INTO things SELECT n, n FROM generate_series(1, 1000) AS n;
                """);
        application = HostApplication.serve(database.url());
    }

    @AfterAll
    static void stop() throws Exception {
        application.stop();
    }

    @BeforeEach
    void clean() {
        database.execute("DELETE FROM batched_background_migrations");
    }

    @Test
    void replicaIsReadyOnceItIsCheckedIn() {
        await().atMost(RegistryJar.PATIENCE)
                .untilAsserted(() -> assertThat(application
                                .getApplication("/health-check?type=ready")
                                .statusCode())
                        .isEqualTo(200));
        await().atMost(RegistryJar.PATIENCE)
                .untilAsserted(() -> assertThat(application.get("/healthcheck").body())
                        .contains(
                                "\"batched-migrations-scheduler\":{\"healthy\":true",
                                "\"batched-migrations-database\":{\"healthy\":true"));
    }

    @Test
    void runsWhatIsQueuedWithAPlainInsertAndExportsItsMetrics() throws Exception {
        queue("copy_small", 1, "alwaysThrows");
        await().atMost(RegistryJar.PATIENCE)
                .until(() ->
                        status("copy_small").equals("4") || status("copy_small").equals("3"));

        await().atMost(RegistryJar.PATIENCE).untilAsserted(() -> {
            List<String> lines = application.get("/prometheus").body().lines().toList();
            assertThat(lines).anyMatch(line -> line.matches("registry_bbm_runs_total [1-9].*"));
            assertThat(lines)
                    .filteredOn(line -> line.startsWith("registry_database_bbm_progress_percent{"))
                    .singleElement()
                    .asString()
                    .contains("migration_name=\"copy_small\"", "status=\"");
            assertThat(lines).anyMatch(line -> line.startsWith("jvm_memory_used_bytes"));
        });
        assertThat(application.get("/metrics").body()).contains("registry.bbm.jobs.failed");
    }

    @Test
    void pageAndApiAreClosedUntilThereIsAToken() throws Exception {
        assertThat(application.get("/bbm/").statusCode()).isEqualTo(401);
        assertThat(application.get("/bbm/").body()).contains("registry token create");
        assertThat(application.get("/api/v1/status").statusCode()).isEqualTo(401);
        assertThat(application.get("/api/v1/status").body()).contains("registry token create");
        assertThat(application.getApplication("/api/v1/status").statusCode()).isEqualTo(404);
    }

    @Test
    void tasksAnswerWithWhatTheyChanged() throws Exception {
        queue("one", 0, "unknownHere");
        queue("two", 0, "unknownHere");

        assertThat(application.post("/tasks/bbm-pause").body()).isEqualTo("nothing to change\n");
        assertThat(application.post("/tasks/bbm-start?migration=two").body()).isEqualTo("two: paused -> active\n");
        assertThat(application
                        .post("/tasks/bbm-pause?migration=two&migration=one&by=jane&reason=INC-812")
                        .body())
                .isEqualTo("two: active -> paused\n");
        assertThat(application.post("/tasks/bbm-events?migration=two").body())
                .containsPattern("paused .* jane \\(task\\) .* INC-812");
        assertThat(application.post("/tasks/bbm-status?migration=one").body())
                .contains("Batched Background Migration", "one", "paused")
                .doesNotContain("two");
    }

    /** As a form of another page would do it, in the browser of somebody who has forwarded the admin port. */
    @Test
    void tasksRefuseWhatABrowserAsksForOnBehalfOfAnotherSite() throws Exception {
        queue("one", 1, "unknownHere");

        HttpResponse<String> foreign = application.post("/tasks/bbm-pause", "Sec-Fetch-Site", "cross-site");
        HttpResponse<String> older = application.post("/tasks/bbm-pause", "Origin", "http://evil.example");

        assertThat(foreign.statusCode()).isEqualTo(403);
        assertThat(foreign.body())
                .isEqualTo("refused, and nothing was changed: a browser asks for it on behalf of another site;"
                        + " send the request with curl or another program\n");
        assertThat(older.statusCode()).isEqualTo(403);
        assertThat(application.post("/tasks/gc", "Sec-Fetch-Site", "cross-site").statusCode())
                .isEqualTo(403);
        assertThat(status("one")).isEqualTo("1");
    }

    @Test
    void tasksRefuseUnknownNamesAndParametersAndChangeNothing() throws Exception {
        queue("backfill_things", 0, "unknownHere");

        HttpResponse<String> unknown = application.post("/tasks/bbm-start?migration=backfill_thing");
        assertThat(unknown.statusCode()).isEqualTo(500);
        assertThat(unknown.body())
                .contains("there is no batched migration 'backfill_thing'", "nearest", "backfill_things");
        HttpResponse<String> typo = application.post("/tasks/bbm-start?migrations=backfill_things");
        assertThat(typo.statusCode()).isEqualTo(500);
        assertThat(typo.body()).contains("there is no parameter 'migrations'");
        HttpResponse<String> blank = application.post("/tasks/bbm-start?migration=");
        assertThat(blank.statusCode()).isEqualTo(500);
        assertThat(application.get("/tasks/bbm-start").statusCode()).isEqualTo(405);
        assertThat(status("backfill_things")).isEqualTo("0");
    }

    @Test
    void tasksShowAndChangeBudgetsAndPriorities() throws Exception {
        queue("one", 0, "unknownHere");

        assertThat(application.post("/tasks/bbm-budget").body()).contains("fleet", "Rows/s");
        assertThat(application
                        .post("/tasks/bbm-budget?migration=one&batch-jobs=5&rows-per-second=unlimited")
                        .body())
                .containsPattern("migration \\| one +\\| 5 +\\| unlimited");
        assertThat(application
                        .post("/tasks/bbm-priority?migration=one&priority=3")
                        .body())
                .isEqualTo("one: priority 3\n");
        assertThat(application
                        .post("/tasks/bbm-priority?migration=one&priority=3")
                        .body())
                .isEqualTo("nothing to change\n");
        HttpResponse<String> range = application.post("/tasks/bbm-budget?batch-jobs=1001");
        assertThat(range.statusCode()).isEqualTo(500);
        assertThat(range.body()).contains("allowed is 0 to 1000");
        assertThat(application.post("/tasks/bbm-budget?fleet=1").body()).contains("there is no parameter 'fleet'");
    }

    @Test
    void tasksMendWhatFailed() throws Exception {
        database.execute("""
                DROP TABLE IF EXISTS picky;
                CREATE TABLE picky (id bigint PRIMARY KEY, small int, wide bigint CHECK (wide % 300 <> 0));
                INSERT INTO picky SELECT n, n FROM generate_series(1, 1000) AS n;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments)
                VALUES ('widen', 1, 1000, 100, 1, 'copyColumn', 'public.picky', 'id', '{"from": "small", "to": "wide"}')
                """);
        await().atMost(RegistryJar.PATIENCE).until(() -> status("widen").equals("3"));

        assertThat(application.post("/tasks/bbm-quarantine?migration=widen").body())
                .hasLineCount(5)
                .contains("{\"id\": \"300\"}", "23514");
        await().atMost(RegistryJar.PATIENCE)
                .untilAsserted(() -> assertThat(
                                application.get("/prometheus").body().lines())
                        .anyMatch(line -> line.matches("registry_database_bbm_quarantined_tuples\\{.*\"widen\"} 3.0"))
                        .anyMatch(line -> line.matches("registry_bbm_quarantined_tuples_total\\{.*\"widen\"} 3.0")));

        String row = database.text("SELECT max(id) FROM batched_background_migration_quarantined_rows");
        assertThat(application
                        .post("/tasks/bbm-waive?migration=widen&by=jane&reason=because&row=" + row)
                        .body())
                .isEqualTo("widen: 1 row waived\n");
        database.execute("ALTER TABLE picky DROP CONSTRAINT picky_wide_check");
        assertThat(application.post("/tasks/bbm-retry?migration=widen").body())
                .isEqualTo("widen: failed -> active, 2 quarantined rows are tried again\n");
        await().atMost(RegistryJar.PATIENCE).until(() -> status("widen").equals("2"));
        assertThat(application.post("/tasks/bbm-retry").body()).isEqualTo("nothing to retry\n");
        assertThat(application.post("/tasks/bbm-events?migration=widen&limit=3").body())
                .hasLineCount(5)
                .contains("verified");
    }

    @Test
    void verificationStreamsItsProgressAndFindsWhatSomebodyUndid() throws Exception {
        queue("copied", 1, "copyIt");
        await().atMost(RegistryJar.PATIENCE).until(() -> status("copied").equals("2"));

        assertThat(application.post("/tasks/bbm-verify").body()).containsPattern("copied +\\| complete");
        database.execute("UPDATE things SET wide = 0 WHERE id = 7");
        assertThat(application
                        .post("/tasks/bbm-verify?migration=copied&seconds=5")
                        .body())
                .startsWith("verifying copied: ")
                .containsPattern("copied +\\| incomplete +\\| 1 ")
                .contains("{\"id\": \"7\"}");
        database.execute("""
                UPDATE batched_background_migrations SET sub_batch_size_max = 1, max_value = 200000;
                ALTER TABLE things SET (fillfactor = 10);
                INSERT INTO things SELECT n, n, n FROM generate_series(1001, 200000) AS n
                """);
        assertThat(application.post("/tasks/bbm-verify?seconds=1").body())
                .containsPattern("copied +\\| stopped")
                .contains("stopped after 1 s; give 'seconds'");
        database.execute("DELETE FROM things WHERE id > 1000");
        database.execute("VACUUM things");
    }

    @Test
    void tasksThatMendRefuseMistakesAndChangeNothing() throws Exception {
        queue("one", 3, "unknownHere");

        for (String[] mistake : new String[][] {
            {"bbm-waive?migration=one&by=jane", "'reason' is missing"},
            {"bbm-waive?migration=one&by=jane&reason=x&row=y", "'row' is 'y', which is not a whole number"},
            {"bbm-waive?migration=one&by=jane&reason=x&rows=1", "there is no parameter 'rows'"},
            {"bbm-retry?migration=one&batch-job=1", "give only one of them"},
            {"bbm-retry?migration=on", "there is no batched migration 'on'"},
            {"bbm-retry?batch-job=", "must have one value"},
            {"bbm-verify?seconds=3601", "allowed is 1 to 3600"},
            {"bbm-events", "'migration' is missing"},
            {"bbm-events?migration=one&limit=1001", "allowed is 1 to 1000"}
        }) {
            HttpResponse<String> answer = application.post("/tasks/" + mistake[0]);
            assertThat(answer.statusCode()).as(mistake[0]).isEqualTo(500);
            assertThat(answer.body()).contains(mistake[1]);
        }
        assertThat(status("one")).isEqualTo("3");
    }

    private static void queue(String name, int status, String signature) {
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('%s', 1, 1000, 100, %d, '%s', 'public.things', 'id')
                """.formatted(name, status, signature));
    }

    private static String status(String name) {
        return database.text("SELECT status FROM batched_background_migrations WHERE name = ?", name);
    }
}
