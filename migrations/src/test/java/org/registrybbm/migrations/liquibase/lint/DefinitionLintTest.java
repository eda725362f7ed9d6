package org.registrybbm.migrations.liquibase.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.resource.DirectoryResourceAccessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Migrations that would fail on the tables that are there. */
@ExtendWith(PostgresExtension.class)
class DefinitionLintTest {
    private static final String QUEUE = """
            databaseChangeLog:
            - changeSet:
                id: queue
                author: test
                changes:
                - queueBatchedMigration: {name: m, tableName: t.users, workFunction: copyColumn, arguments: {from: narrow, to: wide}, %s}
            """;

    private final TestDatabase database;

    @TempDir
    Path directory;

    DefinitionLintTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.users (id bigint PRIMARY KEY, other bigint, narrow int, wide bigint, label text);
                CREATE TABLE t.parted (id bigint, narrow int, wide bigint) PARTITION BY RANGE (id);
                CREATE TABLE t.parted_1 PARTITION OF t.parted FOR VALUES FROM (0) TO (10);
                CREATE INDEX ON t.parted_1 (id);
                CREATE TABLE t.parted_2 PARTITION OF t.parted FOR VALUES FROM (10) TO (20);
                INSERT INTO t.users SELECT i, i, i FROM generate_series(1, 5) AS i;
                INSERT INTO t.parted SELECT i, i FROM generate_series(1, 15) AS i
                """);
    }

    private List<Finding> findings(String changelog) throws Exception {
        Files.writeString(directory.resolve("changes.yaml"), changelog);
        DatabaseChangeLog changeLog = ChangelogLint.parse("changes.yaml", new DirectoryResourceAccessor(directory));
        try (Connection connection = database.getConnection()) {
            return DefinitionLint.check(changeLog, connection, WorkRegistry.shipped());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    keyColumns: id                                                | -                                  | -
                    keyColumns: other                                             | key-unindexed                      | CREATE INDEX CONCURRENTLY ON t.users (other)
                    keyColumns: id, arguments: {from: narrow, too: wide}          | arguments-invalid                  | too
                    keyColumns: id, arguments: {from: narrow, to: width}          | definition-invalid                 | width
                    nullColumn: wide                                              | null-strategy-without-partial-index | WHERE wide IS NULL
                    strategy: byPredicate                                         | null-strategy-without-partial-index | partial index
                    keyColumns: idd                                               | definition-invalid                 | idd
                    keyColumns: id, tableName: t.absent                           | -                                  | -
                    keyColumns: id, tableName: t.parted                           | key-unindexed                      | t.parted_2
                    keyColumns: id, workFunction: ours                            | -                                  | -
                    """)
    void tellsWhichMigrationWouldFail(String attributes, String rule, String said) throws Exception {
        String changelog = QUEUE.formatted(attributes);
        if (attributes.contains("arguments")) {
            changelog = changelog.replace("arguments: {from: narrow, to: wide}, ", "");
        }
        if (attributes.contains("tableName")) {
            changelog = changelog.replace("tableName: t.users, ", "");
        }
        if (attributes.contains("workFunction")) {
            changelog = changelog.replace("workFunction: copyColumn, ", "");
        }

        List<Finding> findings = findings(changelog);

        if (rule.equals("-")) {
            assertThat(findings).isEmpty();
        } else {
            assertThat(findings).hasSize(1).allSatisfy(one -> {
                assertThat(one.rule().id()).isEqualTo(rule);
                assertThat(one.error()).isTrue();
                assertThat(one.message()).startsWith("'m' would fail: ").contains(said);
            });
        }
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
    }

    @Test
    void looksAtTheMigrationThatIsThere() throws Exception {
        // The changelog was applied, and since then somebody has dropped the index.
        database.execute("""
                CREATE INDEX users_other ON t.users (other);
                SELECT queue_batched_migration(name => 'm', table_name => 't.users', key_columns => 'other',
                    work_function => 'copyColumn', arguments => '{"from": "narrow", "to": "wide"}')
                """);
        assertThat(findings(QUEUE.formatted("keyColumns: other"))).isEmpty();
        database.execute("DROP INDEX t.users_other");

        assertThat(findings(QUEUE.formatted("keyColumns: other")))
                .extracting(one -> one.rule().id())
                .containsExactly("key-unindexed");
        assertThat(database.text("SELECT string_agg(name || ' ' || status, ',') FROM batched_background_migrations"))
                .isEqualTo("m 1");
    }

    @Test
    void isIgnoredForAReason() throws Exception {
        String changelog = QUEUE.formatted("keyColumns: other")
                .replace("changes:", "comment: 'bbm-lint:ignore key-unindexed the table has ten rows'\n    changes:");

        assertThat(findings(changelog)).isEmpty();
    }
}
