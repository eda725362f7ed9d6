package org.registrybbm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.registrybbm.app.RegistryJar.Result;
import org.registrybbm.app.RegistryJar.Running;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The commands with which a deployment changes the schema: gates are asked first, and only one run changes it at a time. */
class SchemaCommandIT {
    private static final String GATED = """
            databaseChangeLog:
            - changeSet:
                id: things
                author: test
                changes:
                - sql:
                    sql: |-
                      CREATE TABLE things (id bigint PRIMARY KEY, v bigint, filler text);
                      ALTER TABLE things ALTER COLUMN filler SET STORAGE PLAIN;
                      INSERT INTO things (id, filler) SELECT i, repeat('x', 6000) FROM generate_series(1, 3000) AS i;
                - queueBatchedMigration:
                    name: fill
                    tableName: public.things
                    keyColumns: id
                    workFunction: copyColumn
                    arguments: {from: id, to: v}
                    newRows: application
            - changeSet:
                id: release
                author: test
                changes:
                - tagDatabase: {tag: "1"}
            """;
    private static final String GATE = """
            - changeSet:
                id: before
                author: test
                changes:
                - sql: {sql: CREATE TABLE made_before (id int)}
            - changeSet:
                id: gate
                author: test
                changes:
                - requireBatchedMigration: {names: fill}
                - sql: {sql: CREATE TABLE made_behind (id int)}
            """;

    @TempDir
    private Path directory;

    private TestDatabase database;
    private RegistryJar registry;

    @BeforeEach
    void schemaOfTheJar() {
        use(PostgresExtension.registry());
    }

    private void use(TestDatabase other) {
        database = other;
        registry = RegistryJar.on(database.url(), directory);
    }

    private void useAnEmptyDatabase() {
        drop();
        use(PostgresExtension.empty());
    }

    /** Makes what the changelog of a release has. */
    private void deploy(String release) throws IOException {
        Result deployed = registry.command("db", "migrate", "--migrations", changelog(release));
        assertThat(deployed.exit()).as(deployed.err()).isZero();
    }

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    private String changelog(String text) throws IOException {
        return Files.writeString(directory.resolve("changes.yaml"), text).toString();
    }

    @Test
    void migrateAsksTheGatesFirstAndThenMakesAllChanges() throws Exception {
        deploy(GATED);
        String changelog = changelog(GATED + GATE);

        Result refused = registry.command("db", "migrate", "--migrations", changelog);

        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.out()).isEmpty();
        assertThat(refused.err().lines()).first().isEqualTo("no schema change was made, for 1 reason:");
        assertThat(refused.err())
                .contains("::gate::test:")
                .contains("  batched migration 'fill' is not finished")
                .contains("  Run: registry background-migrate status --migration fill")
                .doesNotContain("\tat ");
        assertThat(refused.err().lines()).allMatch(line -> line.length() <= 120);
        assertThat(database.text("SELECT to_regclass('made_before') IS NULL")).isEqualTo("t");
        assertThat(registry.command("db", "check", "--migrations", changelog).exit())
                .isEqualTo(1);

        assertThat(registry.command("background-migrate", "run").exit()).isZero();

        assertThat(registry.command("db", "check", "--migrations", changelog))
                .isEqualTo(new Result(0, "", "no batched migration stands in the way of the pending schema changes\n"));
        assertThat(registry.command("db", "migrate", "--migrations", changelog).exit())
                .isZero();
        assertThat(database.text("SELECT to_regclass('made_behind')")).isEqualTo("made_behind");
    }

    /** A database of a developer, or a new one with a few rows in it. */
    @Test
    void migrateRunsWhatIsQueuedOverSmallTables() throws Exception {
        Result migrated = registry.command(
                "db", "migrate", "--migrations", changelog((GATED + GATE).replace("(1, 3000)", "(1, 300)")));

        assertThat(migrated.exit()).as(migrated.err()).isZero();
        assertThat(migrated.err()).contains("batched migration 'fill' was run, as its table is small");
        assertThat(database.number("SELECT count(*) FROM things WHERE v = id")).isEqualTo(300);
        assertThat(database.text("SELECT to_regclass('made_behind')")).isEqualTo("made_behind");
    }

    @Test
    void migrateWaitsForAMigrationThatRuns() throws Exception {
        deploy(GATED);
        String changelog = changelog(GATED + GATE);
        try (Running migrate = registry.start("db", "migrate", "--wait", "5m", "--migrations", changelog)) {
            await().atMost(RegistryJar.PATIENCE).until(() -> migrate.err().contains("waiting: "));
            assertThat(migrate.err())
                    .startsWith("waiting: batched migration 'fill' is not finished: no row was looked at yet");

            assertThat(registry.command("background-migrate", "run").exit()).isZero();

            assertThat(migrate.process().waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(migrate.process().exitValue()).isZero();
        }
        assertThat(database.text("SELECT to_regclass('made_behind')")).isEqualTo("made_behind");
    }

    /** What the remedy says is typed as it stands. */
    @Test
    void theRemedyOfEachRefusalWorks() throws Exception {
        deploy(GATED);
        String changelog = changelog(GATED + GATE);
        database.execute("UPDATE batched_background_migrations SET status = 0");
        assertThat(remedy(changelog)).isEqualTo("background-migrate start --migration fill");
        assertThat(type(remedy(changelog))).isZero();
        database.execute("""
                UPDATE batched_background_migrations
                SET status = 3, failure_error_code = 4, failure_message = 'no'
                """);
        assertThat(remedy(changelog)).isEqualTo("background-migrate retry --migration fill");
        assertThat(type(remedy(changelog))).isZero();
        assertThat(remedy(changelog)).isEqualTo("background-migrate status --migration fill");
        assertThat(type(remedy(changelog))).isZero();
        assertThat(registry.command("background-migrate", "run").exit()).isZero();
        database.execute("UPDATE batched_background_migrations SET verified_at = NULL");
        assertThat(remedy(changelog)).isEqualTo("background-migrate verify --migration fill");
        assertThat(type(remedy(changelog))).isZero();

        assertThat(registry.command("db", "migrate", "--migrations", changelog).exit())
                .isZero();
    }

    private String remedy(String changelog) {
        Result refused = registry.command("db", "check", "--migrations", changelog);
        assertThat(refused.exit()).isEqualTo(1);
        return refused.err()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("Run: registry "))
                .findFirst()
                .orElseThrow()
                .substring("Run: registry ".length());
    }

    private int type(String words) {
        return registry.command(words.split(" ")).exit();
    }

    @Test
    void aFreshDatabaseHasNothingToRun() {
        useAnEmptyDatabase();
        assertThat(registry.command("db", "migrate").exit()).isZero();

        assertThat(
                        database.number(
                                "SELECT count(*) FROM batched_background_migrations WHERE status = 2 AND verified_at IS NOT NULL"))
                .isEqualTo(65);
        assertThat(registry.command("background-migrate", "run").exit()).isZero();
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs"))
                .isZero();
    }

    /** Without the lock they would create Liquibase's tables all at once, and most of them would fail. */
    @Test
    void severalRunsAtOnceOnAnEmptyDatabaseAllGoWell() throws Exception {
        useAnEmptyDatabase();
        List<Running> runs = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                runs.add(registry.start("db", "migrate"));
            }
            for (Running run : runs) {
                assertThat(run.process().waitFor(4, TimeUnit.MINUTES)).isTrue();
                assertThat(run.process().exitValue()).as(run.err()).isZero();
            }
        } finally {
            runs.forEach(Running::close);
        }
        assertThat(database.number("SELECT count(*) FROM databasechangeloglock WHERE locked"))
                .isZero();
    }

    @Test
    void lintPrintsLinesOrSarif() throws Exception {
        assertThat(registry.command("db", "lint"))
                .isEqualTo(new Result(0, "nothing to complain about in org/registrybbm/db/registry.xml\n", ""));
        String changelog = changelog(GATED + GATE.replace("names: fill", "names: fil"));

        Result lines = registry.command("db", "lint", "--migrations", changelog);
        Result sarif = registry.command("db", "lint", "--sarif", "--migrations", changelog);

        assertThat(lines.exit()).isEqualTo(1);
        assertThat(lines.out())
                .contains(
                        "changeset gate of test: error gate-unknown-name: no changeset before this one queues or adds 'fil'; nearest: fill")
                .endsWith("1 error, 0 warnings\n");
        assertThat(sarif.exit()).isEqualTo(1);
        assertThat(new ObjectMapper()
                        .readTree(sarif.out())
                        .at("/runs/0/results/0/ruleId")
                        .asText())
                .isEqualTo("gate-unknown-name");
    }
}
