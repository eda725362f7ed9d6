package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The changes as people write them, rightly and wrongly, in all formats. */
@ExtendWith(PostgresExtension.class)
class ChangesTest {
    private static final String QUEUE_XML = changeset("""
            <bbm:queueBatchedMigration
                name="first" tableName="t.items" workFunction="w" keyColumns="id" startPaused="true"/>
            <bbm:queueBatchedMigration
                name="m" tableName="t.items" workFunction="lowerCaseEmails" keyColumns="id" batchSize="500" priority="-3"
                batchSizeFixed="true">
              <bbm:runAfter>first</bbm:runAfter>
              <bbm:arguments domain="example.org" n="5" active="true" half="1.5" none="null">
                <bbm:list>a</bbm:list>
                <bbm:list>b</bbm:list>
                <bbm:inner deep="x"/>
              </bbm:arguments>
            </bbm:queueBatchedMigration>
            """);

    private static final String QUEUE_YAML = """
            databaseChangeLog:
            - changeSet:
                id: queue
                author: test
                changes:
                - queueBatchedMigration:
                    {name: first, tableName: t.items, workFunction: w, keyColumns: id, startPaused: true}
                - queueBatchedMigration:
                    name: m
                    tableName: t.items
                    workFunction: lowerCaseEmails
                    batchSize: 500
                    priority: -3
                    keyColumns: id
                    batchSizeFixed: true
                    runAfter: [first]
                    arguments:
                      n: 5
                      domain: example.org
                      half: 1.5
                      active: true
                      none: null
                      inner: {deep: x}
                      list: [a, b]
            """;

    private static final String QUEUE_JSON = """
            {"databaseChangeLog": [{"changeSet": {"id": "queue", "author": "test", "changes": [
              {"queueBatchedMigration": {"name": "first", "tableName": "t.items", "workFunction": "w", "keyColumns": "id",
                "startPaused": true}},
              {"queueBatchedMigration": {"keyColumns": "id", "name": "m", "tableName": "t.items", "batchSize": "500",
                "workFunction": "lowerCaseEmails", "priority": -3, "batchSizeFixed": true, "runAfter": "first",
                "arguments": "{\\"active\\": true, \\"domain\\": \\"example.org\\", \\"n\\": 5, \\"half\\": 1.5, \\"none\\": null,
                  \\"list\\": [\\"a\\", \\"b\\"], \\"inner\\": {\\"deep\\": \\"x\\"}}"}}
            ]}}]}
            """;

    private final TestDatabase database;

    @TempDir
    Path directory;

    ChangesTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database).items(1, 20);
    }

    @BeforeEach
    void forgetChangesets() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    private static String changeset(String changes) {
        return Formats.xml("<changeSet id=\"queue\" author=\"test\">" + changes + "</changeSet>");
    }

    private ChangelogRun changelog(String file, String text) {
        return ChangelogRun.of(database, directory, file, text);
    }

    private String queued() {
        return database.text("""
                SELECT coalesce(
                    (SELECT concat_ws(' ', name, status, job_signature_name, table_name, column_name, batch_size,
                        batch_size_fixed, priority, run_after, arguments)
                    FROM batched_background_migrations
                    WHERE name = 'm'),
                    'none')
                """);
    }

    @ParameterizedTest
    @CsvSource({"changes.xml", "changes.yaml", "changes.json"})
    void queueTheSameInEachFormat(String file) {
        changelog(file, text(file)).update();

        assertThat(queued())
                .isEqualTo(
                        "m 1 lowerCaseEmails t.items id 500 t -3 {first} {\"n\": 5, \"half\": 1.5, \"list\": [\"a\", \"b\"],"
                                + " \"none\": null, \"inner\": {\"deep\": \"x\"}, \"active\": true, \"domain\": \"example.org\"}");
    }

    private static String text(String file) {
        return switch (file) {
            case "changes.xml" -> QUEUE_XML;
            case "changes.yaml" -> QUEUE_YAML;
            default -> QUEUE_JSON;
        };
    }

    @Test
    void keepEachDigitOfANumber() {
        changelog("changes.yaml", """
                databaseChangeLog:
                - changeSet:
                    id: 1
                    author: test
                    changes:
                    - queueBatchedMigration:
                        name: m
                        tableName: t.items
                        workFunction: w
                        keyColumns: id
                        arguments: {price: "12345678901234567.890", text: '1.10'}
                """).update();

        assertThat(queued()).endsWith("{\"text\": 1.10, \"price\": 12345678901234567.890}");
    }

    /** Liquibase compares it with the one of the run before. This one was computed by the first version. */
    @Test
    void haveTheSameChecksumInEachFormatForEver() {
        List<String> checksums = changelog("changes.xml", QUEUE_XML).checksums();

        assertThat(changelog("changes.yaml", QUEUE_YAML).checksums()).isEqualTo(checksums);
        assertThat(changelog("changes.json", QUEUE_JSON).checksums()).isEqualTo(checksums);
        assertThat(checksums)
                .containsExactly("9:458c3f64af8eabdf2baa9cb3df256bca", "9:45fff274c031d05e68b16cb068f81018");
    }

    @Test
    void areWrittenToAScriptThatDoesTheSame() throws SQLException {
        ChangelogRun changelog = changelog("changes.yaml", QUEUE_YAML);
        String script = changelog.updateSql();
        assertThat(script).contains("""
                SELECT queue_batched_migration(
                    name => 'm',
                    table_name => 't.items',
                    work_function => 'lowerCaseEmails',
                """);
        assertThat(queued()).isEqualTo("none");

        execute(script);

        assertThat(queued()).startsWith("m 1 lowerCaseEmails t.items id 500");
    }

    private void execute(String script) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(script);
        }
    }

    @Test
    void areTakenBack() {
        ChangelogRun changelog = changelog("changes.yaml", QUEUE_YAML);
        changelog.update();

        changelog.rollback(1);

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
        changelog.update();
        assertThat(queued()).isNotEqualTo("none");
    }

    @Test
    void areTakenBackByAScript() throws SQLException {
        ChangelogRun changelog = changelog("changes.yaml", QUEUE_YAML);
        changelog.update();

        execute(changelog.rollbackSql(1));

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
    }

    @Test
    void areNotTakenBackOnceRowsWereChanged() {
        ChangelogRun changelog = changelog("changes.yaml", QUEUE_YAML);
        changelog.update();
        database.execute("UPDATE batched_background_migrations SET started_at = now() WHERE name = 'm'");

        assertThatThrownBy(() -> changelog.rollback(1))
                .hasMessageContaining("batched migration 'm' has started and cannot be taken back");
        assertThat(queued()).isNotEqualTo("none");
    }

    @Test
    void areFoundInAnotherSchema() throws SQLException {
        TestDatabase other = PostgresExtension.migrated();
        try {
            other.execute("""
                    CREATE SCHEMA engine;
                    CREATE SCHEMA t;
                    CREATE TABLE t.items (id bigint PRIMARY KEY)
                    """);
            execute(other, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
            execute(other, "ALTER DATABASE " + other.name() + " SET search_path = engine");
            PostgresExtension.migrate(other, PostgresExtension.ENGINE_CHANGELOG);
            execute(other, "ALTER DATABASE " + other.name() + " SET search_path = public");

            ChangelogRun.of(other, directory, "changes.yaml", """
                    databaseChangeLog:
                    - changeSet:
                        id: 1
                        author: test
                        changes:
                        - queueBatchedMigration:
                            {schemaName: engine, name: m, tableName: t.items, workFunction: w, keyColumns: id}
                        - requireBatchedMigration: {names: m, schemaName: engine}
                    """).update();

            assertThat(other.text("SELECT status FROM engine.batched_background_migrations"))
                    .isEqualTo("2");
        } finally {
            PostgresExtension.drop(other);
        }
    }

    private static void execute(TestDatabase database, String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Liquibase ignores what it does not know, and what it cannot convert. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{name: m, tableName: t.items, workFunction: w, keyColumn: id}|there is no attribute 'keyColumn'; did you mean keyColumns",
                "{name: m, tableName: t.items, keyColumns: id}|the attribute 'workFunction' is missing",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, batchSize: many}|the attribute 'batchSize' is 'many', but must be a whole number from 1 to 2147483647",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, priority: 40000}|must be a whole number from -32768 to 32767",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, startPaused: maybe}|the attribute 'startPaused' is 'maybe', but must be one of true, false",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, arguments: [1, 2]}|must be a map",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, arguments: 'a b'}|is not a JSON object",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, arguments: '{} b'}|is not a JSON object",
                "{name: m, tableName: t.items, workFunction: w, keyColumns: id, nullColumn: v}|it needs one way to cut its table",
                "{name: m, tableName: t.items, workFunction: w}|it needs one way to cut its table",
                "{name: '', tableName: t.items, workFunction: w, keyColumns: id}|the attribute 'name' is empty",
                "{name: [a, b], tableName: t.items, workFunction: w, keyColumns: id}|the attribute 'name' must be one text",
                "m|has the value 'm', but takes attributes only",
            })
    @Sample(oneOf = 4)
    void areRefusedBeforeAnythingIsDoneWhereTheyAreWrong(String attributes, String message) {
        ChangelogRun changelog = changelog("changes.yaml", """
                databaseChangeLog:
                - changeSet:
                    id: 0
                    author: test
                    changes:
                    - sql: {sql: CREATE TABLE t.before (id int)}
                - changeSet:
                    id: 1
                    author: test
                    changes:
                    - queueBatchedMigration: %s
                """.formatted(attributes));

        assertThatThrownBy(changelog::validate).hasMessageContaining(message);
        assertThatThrownBy(changelog::update).hasMessageContaining(message);
        assertThat(database.text("SELECT to_regclass('t.before') IS NULL")).isEqualTo("t");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{names: m, mod: fail}|there is no attribute 'mod'; did you mean mode",
                "{names: m, mode: hope}|must be one of fail, wait, run",
                "{names: m, timeout: 30m}|timeout needs mode wait or run",
                "{names: m, mode: wait, timeout: 30}|must be a length of time such as 90s, 30m or 2h",
                "{names: ' , '}|must have at least one name",
                "{verified: true}|the attribute 'names' is missing",
            })
    void gatesAreRefusedWhereTheyAreWrong(String attributes, String message) {
        ChangelogRun changelog = changelog("changes.yaml", """
                databaseChangeLog:
                - changeSet:
                    id: 1
                    author: test
                    changes:
                    - requireBatchedMigration: %s
                """.formatted(attributes));

        assertThatThrownBy(changelog::update).hasMessageContaining(message);
    }

    @Test
    void aGateThatWaitsComesFirst() {
        ChangelogRun changelog = changelog("changes.yaml", """
                databaseChangeLog:
                - changeSet:
                    id: 1
                    author: test
                    changes:
                    - sql: {sql: CREATE TABLE t.before (id int)}
                    - requireBatchedMigration: {names: m, mode: wait}
                """);

        assertThatThrownBy(changelog::update)
                .hasMessageContaining("with mode wait or run, it must be the first change of its changeset");
    }

    @ParameterizedTest
    @ValueSource(strings = {"keyColumn=\"id\"", "batchSize=\"many\"", "strategy=\"byWhim\""})
    void areCheckedByTheirSchemaInXml(String attribute) {
        ChangelogRun changelog = changelog(
                "changes.xml",
                changeset("<bbm:queueBatchedMigration name=\"m\" tableName=\"t.items\" workFunction=\"w\" " + attribute
                        + "/>"));

        assertThatThrownBy(changelog::update)
                .hasMessageMatching("(?s).*(cvc-|is not facet-valid|is not allowed to appear).*");
    }

    @Test
    void parametersOfTheChangelogStandForValues() {
        ChangelogRun changelog = changelog(
                "changes.xml",
                changeset("<bbm:queueBatchedMigration name=\"m\" tableName=\"t.items\" workFunction=\"w\""
                                + " keyColumns=\"id\" batchSize=\"${rows}\"/>")
                        .replace("<changeSet", "<property name=\"rows\" value=\"77\"/><changeSet"));

        changelog.update();

        assertThat(queued()).startsWith("m 1 w t.items id 77");
    }
}
