package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A database that is created with a few rows in it is done with its data changes when its changelog has run. */
@ExtendWith(PostgresExtension.class)
class SmallTablesTest {
    private static final String SEEDED = """
            databaseChangeLog:
            - changeSet:
                id: table
                author: test
                changes:
                - sql:
                    sql: |-
                      CREATE TABLE t.seeded (id int PRIMARY KEY, note text NOT NULL, wide bigint) %s;
                      %s
                      INSERT INTO t.seeded SELECT i, repeat('x', %d), NULL FROM generate_series(1, 10000) AS i;
            - changeSet:
                id: queue
                author: test
                changes:
                - queueBatchedMigration:
                    name: first
                    tableName: t.seeded
                    workFunction: copyColumn
                    keyColumns: id
                    arguments: {from: id, to: wide}
            - changeSet:
                id: gate
                author: test
                runInTransaction: false
                changes:
                - setNotNullAfter:
                    tableName: t.seeded
                    columnName: wide
                    names: first
            - changeSet:
                id: last
                author: test
                changes:
                - queueBatchedMigration:
                    name: last
                    tableName: t.seeded
                    workFunction: %s
                    keyColumns: id
                    arguments: {from: id, to: wide}
            """;
    private static final String PARTITIONS = """
            CREATE TABLE t.low PARTITION OF t.seeded FOR VALUES FROM (MINVALUE) TO (5000);
            CREATE TABLE t.high PARTITION OF t.seeded FOR VALUES FROM (5000) TO (MAXVALUE);""";

    private final TestDatabase database;
    private final EngineFixture fixture;

    @TempDir
    Path directory;

    SmallTablesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void forgetWhatRanBefore() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock, t.seeded CASCADE");
    }

    private void update(String partitioned, int width, String lastWork) {
        String partitions = partitioned.isEmpty() ? "" : PARTITIONS.replace("\n", "\n          ");
        String changelog = SEEDED.formatted(partitioned, partitions, width, lastWork);
        try (BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            ChangelogRun.of(database, directory, "changes.yaml", changelog).updateRunning(engine);
        }
    }

    private String states() {
        return database.text("""
                SELECT string_agg(name || ' ' || state, ', ' ORDER BY name) FROM batched_migration_gate('{first,last}')
                """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "PARTITION BY RANGE (id)"})
    void isDoneAtOnce(String partitioned) {
        update(partitioned, 10, "copyColumn");

        assertThat(states()).isEqualTo("first verified, last verified");
        assertThat(database.number("SELECT count(*) FROM t.seeded WHERE wide = id"))
                .isEqualTo(10_000);
    }

    @Test
    void isLeftToTheReplicasWhereTheTableIsLarge() {
        assertThatThrownBy(() -> update("", 2_000, "copyColumn"))
                .hasMessageContaining("batched migration 'first' is not finished");

        assertThat(database.number("SELECT count(wide) FROM t.seeded")).isZero();
    }

    @Test
    void isLeftToTheReplicasWhereTheWorkIsUnknown() {
        update("", 10, "somebodyElses");

        assertThat(states()).isEqualTo("first verified, last running");
    }

    /** What its work needs may come between its queue and its gate. */
    @Test
    void isNotRunBeforeEverythingIsThereThatComesBeforeItsGate() {
        String changelog = SEEDED.formatted("", "", 10, "copyColumn")
                .replace("note text NOT NULL, wide bigint)", "note text NOT NULL)")
                .replace(", NULL FROM", " FROM")
                .replace("""
                        - changeSet:
                            id: gate
                        """, """
                        - changeSet:
                            id: column
                            author: test
                            changes:
                            - sql: {sql: ALTER TABLE t.seeded ADD COLUMN wide bigint}
                        - changeSet:
                            id: gate
                        """);
        assertThat(changelog).contains("id: column");
        try (BatchedMigrations engine = BatchedMigrations.on(database).build()) {
            ChangelogRun.of(database, directory, "changes.yaml", changelog).updateRunning(engine);
        }

        assertThat(states()).isEqualTo("first verified, last verified");
    }

    @Test
    void isLeftToTheReplicasWhereABudgetStopsEverything() {
        database.execute("UPDATE batched_background_migration_budgets SET batch_jobs = 0 WHERE scope = 'fleet'");

        assertThatThrownBy(() -> update("", 10, "copyColumn"))
                .hasMessageContaining("batched migration 'first' is not finished");
    }

    @Test
    void isLeftToTheReplicasWhereSomebodyHasLockedTheTable() throws Exception {
        try (Connection other = database.getConnection();
                Statement lock = other.createStatement()) {
            fixture.items(1, 20);
            database.execute("""
                    SELECT queue_batched_migration(
                        name => 'theirs', table_name => 't.items', work_function => 'copyColumn', key_columns => 'id',
                        arguments => '{"from": "id", "to": "v"}')
                    """);
            other.setAutoCommit(false);
            lock.execute("LOCK TABLE t.items");

            update("", 10, "copyColumn");

            assertThat(states()).startsWith("first verified");
            assertThat(database.text("SELECT state FROM batched_migration_gate('{theirs}')"))
                    .isEqualTo("running");
            other.rollback();
        }
    }

    @Test
    void leavesWhatPeoplePausedAlone() {
        fixture.items(1, 20);
        database.execute("""
                SELECT queue_batched_migration(
                    name => 'theirs', table_name => 't.items', work_function => 'copyColumn', key_columns => 'id',
                    arguments => '{"from": "id", "to": "v"}');
                UPDATE batched_background_migrations SET status = 0
                """);

        update("", 10, "copyColumn");

        assertThat(database.text("SELECT state FROM batched_migration_gate('{theirs}')"))
                .isEqualTo("paused");
    }
}
