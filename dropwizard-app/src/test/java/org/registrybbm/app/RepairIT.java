package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What operators do about rows that cannot be changed, in a shell. */
@ExtendWith(PostgresExtension.class)
class RepairIT {
    private static final String FINISHED_AND_VERIFIED =
            "SELECT status = 2 AND verified_at IS NOT NULL FROM batched_background_migrations";

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
                CREATE TABLE things (id bigint PRIMARY KEY, small int, wide bigint);
                INSERT INTO things SELECT n, n, 0 FROM generate_series(1, 1000) AS n;
                DELETE FROM batched_background_migrations;
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name, arguments)
                VALUES
                    ('widen', 1, 9223372036854775807, 100, 1, 'copyColumn', 'public.things', 'id',
                     '{"from": "small", "to": "wide"}')
                """);
    }

    @Test
    void rowsThatFailAreListedMendedAndTriedAgain() throws Exception {
        failOnThreeRows();

        Result listed = registry.command("background-migrate", "quarantine");
        assertThat(listed.exit()).isZero();
        assertThat(listed.out().lines())
                .hasSize(5)
                .anyMatch(line -> line.contains("{\"id\": \"300\"}") && line.contains("| 23514 "));
        JsonNode json = new ObjectMapper()
                .readTree(registry.command("background-migrate", "quarantine", "--json", "--migration", "widen")
                        .out());
        assertThat(json)
                .extracting(row -> row.at("/row_key/id").asText())
                .containsExactlyInAnyOrder("300", "600", "900");
        assertThat(registry.command("background-migrate", "status").out()).contains("quarantined_rows: 3 rows are");

        database.execute("ALTER TABLE things DROP CONSTRAINT picky");
        assertThat(registry.command("background-migrate", "retry", "--migration", "widen"))
                .isEqualTo(new Result(0, "widen: failed -> active, 3 quarantined rows are tried again\n", ""));
        assertThat(registry.command("background-migrate", "run").exit()).isZero();

        assertThat(database.text(FINISHED_AND_VERIFIED)).isEqualTo("t");
        assertThat(database.number("SELECT count(*) FROM things WHERE wide <> small"))
                .isZero();
        assertThat(registry.command("background-migrate", "retry")).isEqualTo(new Result(0, "nothing to retry\n", ""));
        assertThat(registry.command("background-migrate", "status", "--all").out())
                .contains("every batch is done, and it was verified that no row is left");
    }

    @Test
    void oneFailedBatchJobIsTriedAgainByItsId() throws Exception {
        database.execute(
                "UPDATE batched_background_migrations SET arguments = '{\"from\": \"small\", \"to\": \"wide\"}'");
        database.execute("""
                INSERT INTO batched_background_migration_jobs
                    (id, batched_background_migration_id, min_value, max_value, status, attempts)
                SELECT 4711, id, 1, 1000, 3, 5 FROM batched_background_migrations
                """);

        assertThat(registry.command("background-migrate", "retry", "--batch-job", "4711"))
                .isEqualTo(new Result(0, "widen: 1 failed batch job is tried again\n", ""));
        assertThat(registry.command("background-migrate", "retry", "--batch-job", "4711"))
                .isEqualTo(new Result(0, "nothing to retry\n", ""));
        assertThat(database.text(
                        "SELECT status || ' ' || attempts FROM batched_background_migration_jobs WHERE id = 4711"))
                .isEqualTo("1 0");
    }

    @Test
    void rowsAreWaivedOnAPersonsWordAndTheEventsTellIt() throws Exception {
        failOnThreeRows();
        String row = database.text("SELECT min(id) FROM batched_background_migration_quarantined_rows");

        assertThat(waive("--row", row)).isEqualTo(new Result(0, "widen: 1 row waived\n", ""));
        assertThat(database.number("SELECT status FROM batched_background_migrations"))
                .isEqualTo(3);
        assertThat(waive()).isEqualTo(new Result(0, "widen: 2 rows waived\n", ""));
        assertThat(waive()).isEqualTo(new Result(0, "nothing to waive\n", ""));
        assertThat(registry.command("background-migrate", "run").exit()).isZero();

        assertThat(database.text(FINISHED_AND_VERIFIED)).isEqualTo("t");
        assertThat(registry.command("background-migrate", "quarantine").out())
                .contains("jane: they are deleted on Friday");
        assertThat(registry.command("background-migrate", "events", "--migration", "widen")
                        .out()
                        .lines()
                        .map(line -> line.split("[|+]")[1].strip()))
                .startsWith("Event")
                .containsSubsequence("verified", "waived", "waived", "quarantined");
        JsonNode newest = new ObjectMapper()
                .readTree(registry.command(
                                "background-migrate", "events", "--migration", "widen", "--json", "--limit", "1")
                        .out());
        assertThat(newest).hasSize(1);
        assertThat(newest.at("/0/event").asText()).isEqualTo("verified");
    }

    @Test
    void verifyFindsARowThatSomebodyUndid() throws Exception {
        assertThat(registry.command("background-migrate", "run").exit()).isZero();
        Result complete = registry.command("background-migrate", "verify");
        assertThat(complete.exit()).isZero();
        assertThat(complete.out()).containsPattern("widen +\\| complete +\\| 0 +\\|");

        database.execute("UPDATE things SET wide = 0 WHERE id = 7");
        Result incomplete = registry.command("background-migrate", "verify", "--migration", "widen");
        assertThat(incomplete.exit()).isEqualTo(1);
        assertThat(incomplete.out())
                .containsPattern("widen +\\| incomplete +\\| 1 +\\|")
                .contains("{\"id\": \"7\"}");
        assertThat(incomplete.err()).contains("verifying widen: ", "1 of 1 batched migrations are incomplete");

        database.execute("UPDATE batched_background_migrations SET status = 1");
        assertThat(registry.command("background-migrate", "run").exit()).isZero();
        assertThat(database.number("SELECT wide FROM things WHERE id = 7")).isEqualTo(7);
        assertThat(database.text(FINISHED_AND_VERIFIED)).isEqualTo("t");
    }

    @Test
    void terminationStopsAVerificationAfterItsRange() throws Exception {
        assertThat(registry.command("background-migrate", "run").exit()).isZero();
        database.execute("""
                INSERT INTO things SELECT n, n, n FROM generate_series(1001, 100000) AS n;
                UPDATE batched_background_migrations SET sub_batch_size_max = 1
                """);
        try (Running verify = registry.start("background-migrate", "verify")) {
            await().atMost(RegistryJar.PATIENCE).until(() -> verify.err().contains("verifying widen: "));

            assertThat(new ProcessBuilder(
                                    "kill",
                                    "-TERM",
                                    Long.toString(verify.process().pid()))
                            .start()
                            .waitFor())
                    .isZero();

            assertThat(verify.process().waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(verify.process().exitValue()).isEqualTo(143);
            assertThat(verify.out()).containsPattern("widen +\\| stopped +\\| 0 +\\| stopped after [0-9]+ rows");
            assertThat(verify.err()).contains("stopped before the end");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "waive --migration widen --by jane",
                "waive --migration widen --reason because",
                "waive --by jane --reason because",
                "waive --migration widen --by jane --reason because --row many",
                "retry --migration widen --batch-job 1",
                "retry --batch-job one",
                "events",
                "events --migration widen --limit 0",
                "events --migration widen --limit 1001"
            })
    void wrongUsageExitsWithTwo(String arguments) throws Exception {
        Result result = registry.command(("background-migrate " + arguments).split(" "));

        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("usage: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "retry --migration wide",
                "quarantine --migration wide",
                "waive --migration wide --by jane --reason because",
                "verify --migration wide",
                "events --migration wide"
            })
    @Sample(oneOf = 2)
    void unknownNamesAreOneLineWithTheNearest(String arguments) throws Exception {
        Result result = registry.command(("background-migrate " + arguments).split(" "));

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).hasLineCount(1).contains("there is no batched migration 'wide'", "widen");
    }

    @Test
    void aPersonWithoutANameWaivesNothing() throws Exception {
        Result result = registry.command(
                "background-migrate", "waive", "--migration", "widen", "--by", " ", "--reason", "because");

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).hasLineCount(1).contains("'by' is blank", "nothing was changed");
    }

    private void failOnThreeRows() throws Exception {
        database.execute("ALTER TABLE things ADD CONSTRAINT picky CHECK (wide = 0 OR wide % 300 <> 0)");
        assertThat(registry.command("background-migrate", "run").exit()).isEqualTo(1);
        assertThat(database.number("SELECT failure_error_code FROM batched_background_migrations"))
                .isEqualTo(15);
    }

    private Result waive(String... more) throws Exception {
        String[] words = {
            "background-migrate",
            "waive",
            "--migration",
            "widen",
            "--by",
            "jane",
            "--reason",
            "they are deleted on Friday"
        };
        String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return registry.command(all);
    }
}
