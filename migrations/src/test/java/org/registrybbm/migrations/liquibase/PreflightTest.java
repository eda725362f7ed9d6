package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** All gates of a deployment are asked before its first changeset runs. */
@ExtendWith(PostgresExtension.class)
class PreflightTest {
    private static final String CHANGELOG = """
            databaseChangeLog:
            - changeSet:
                id: table
                author: test
                changes:
                - sql: {sql: CREATE TABLE t.before (id int)}
            - changeSet:
                id: gate
                author: test
                changes:
                - requireBatchedMigration: {names: m}
            - changeSet:
                id: precondition
                author: test
                preConditions:
                - onSqlOutput: TEST
                - and:
                  - batchedMigrationFinished: {names: n}
                changes:
                - sql: {sql: SELECT 1}
            - changeSet:
                id: queue
                author: test
                changes:
                - queueBatchedMigration: {name: later, tableName: t.items, workFunction: w, keyColumns: id}
            - changeSet:
                id: gate-on-what-is-queued-here
                author: test
                changes:
                - requireBatchedMigration: {names: later}
            - changeSet:
                id: gate-that-waits
                author: test
                changes:
                - requireBatchedMigration: {names: m, mode: wait}
            - changeSet:
                id: other-context
                author: test
                contextFilter: never
                changes:
                - requireBatchedMigration: {names: x}
            """;

    private final TestDatabase database;

    @TempDir
    Path directory;

    PreflightTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database).items(1, 20);
    }

    @BeforeEach
    @AfterEach
    void forgetChangesets() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    @Test
    void tellsAllRefusalsAndChangesNothing() {
        GateState.RUNNING.make(database);
        ChangelogRun changelog = ChangelogRun.of(database, directory, "changes.yaml", CHANGELOG);

        List<Refusal> refusals = changelog.refusals("production");

        assertThat(refusals)
                .extracting(one ->
                        one.changeSet().replaceAll(".*::(.*)::.*", "$1") + " " + one.migration() + " " + one.running())
                .containsExactly("gate m true", "precondition n false");
        assertThat(refusals.get(0).text())
                .startsWith("batched migration 'm' is not finished")
                .contains("Run: registry background-migrate status --migration m");
        assertThat(database.text("SELECT to_regclass('t.before') IS NULL")).isEqualTo("t");
        assertThat(database.text("SELECT to_regclass('databasechangelog') IS NULL"))
                .isEqualTo("t");
    }

    @Test
    void hasNothingToSayOfWhatRanBefore() {
        GateState.VERIFIED.make(database);
        database.execute("""
                CREATE TABLE t.empty (id bigint PRIMARY KEY);
                SELECT queue_batched_migration(name => 'n', table_name => 't.empty', work_function => 'w', key_columns => 'id')
                """);
        ChangelogRun changelog = ChangelogRun.of(
                database,
                directory,
                "changes.yaml",
                CHANGELOG.substring(0, CHANGELOG.indexOf("- changeSet:\n    id: queue")));
        changelog.update();
        GateState.VERIFIED.pause(database);

        assertThat(changelog.refusals("")).isEmpty();
    }

    @Test
    void knowsADatabaseWithoutTheEngine() {
        TestDatabase empty = PostgresExtension.empty();
        try {
            ChangelogRun changelog = ChangelogRun.of(empty, directory, "changes.yaml", CHANGELOG);

            assertThat(changelog.refusals("production"))
                    .extracting(Refusal::text)
                    .allMatch(text -> text.contains("does not exist"))
                    .hasSize(3);
            assertThat(empty.number("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
                    .isZero();
        } finally {
            PostgresExtension.drop(empty);
        }
    }

    /** The update that brings the gates comes first, and must not be refused because they are not there yet. */
    @Test
    void doesNotAskASchemaFromBeforeThereWereGates() {
        TestDatabase old = PostgresExtension.migrated();
        try {
            old.execute("DROP FUNCTION batched_migration_gate");
            ChangelogRun changelog = ChangelogRun.of(old, directory, "changes.yaml", CHANGELOG);

            assertThat(changelog.refusals("production")).isEmpty();
        } finally {
            PostgresExtension.drop(old);
        }
    }

    /** What is queued by this text is decided when it has run. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT require_batched_migrations('{m}');|m",
                "select Require_Batched_Migrations( names => '{m, x}', verified => true );|m x",
                "SELECT require_batched_migrations('{m}', verified => false);|m",
                "SELECT public.require_batched_migrations('{m}', allow_waived => true);|m",
                "-- SELECT require_batched_migrations('{m}');|",
                "SELECT queue_batched_migration(name => 'm', table_name => 't.items', work_function => 'w', key_columns => 'id'); SELECT require_batched_migrations('{m}');|",
                "SELECT queue_batched_migration(name => 'q', table_name => 't.items', work_function => 'w', key_columns => 'id'); SELECT require_batched_migrations('{m}');|m",
            })
    void readsFormattedSql(String sql, String refused) {
        GateState.PAUSED.make(database);
        ChangelogRun changelog = ChangelogRun.of(database, directory, "changes.sql", """
                --liquibase formatted sql

                --changeset test:1
                %s
                """.formatted(sql));

        assertThat(changelog.refusals(""))
                .extracting(Refusal::migration)
                .containsExactly(refused == null ? new String[0] : refused.split(" "));
    }
}
