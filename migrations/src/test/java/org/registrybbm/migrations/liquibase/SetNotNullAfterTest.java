package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A column that a migration has filled becomes NOT NULL, and nobody waits for it. */
@ExtendWith(PostgresExtension.class)
class SetNotNullAfterTest {
    private static final String CHANGELOG = """
            databaseChangeLog:
            - changeSet:
                id: 1
                author: test
                runInTransaction: false
                changes:
                - setNotNullAfter: {names: m, tableName: t.items, columnName: v}
            """;

    private final TestDatabase database;

    @TempDir
    Path directory;

    SetNotNullAfterTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database).items(1, 100);
        database.execute("UPDATE t.items SET v = id");
    }

    @BeforeEach
    void forgetChangesets() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    private ChangelogRun changelog() {
        return ChangelogRun.of(database, directory, "changes.yaml", CHANGELOG);
    }

    private String notNull() {
        return Objects.requireNonNull(database.text("""
                SELECT attnotnull || ' ' || (
                    SELECT count(*) FROM pg_constraint WHERE conrelid = attrelid AND conname LIKE 'bbm%'
                )
                FROM pg_attribute
                WHERE attrelid = 't.items'::regclass AND attname = 'v'
                """));
    }

    @Test
    void setsNotNull() {
        GateState.VERIFIED.make(database);

        changelog().update();

        assertThat(notNull()).isEqualTo("true 0");
    }

    @Test
    void isTakenBack() {
        GateState.VERIFIED.make(database);
        ChangelogRun changelog = changelog();
        changelog.update();

        changelog.rollback(1);

        assertThat(notNull()).isEqualTo("false 0");
    }

    @Test
    void refusesWhileTheMigrationIsNotFinished() {
        GateState.RUNNING.make(database);

        assertThatThrownBy(() -> changelog().update()).hasMessageContaining(GateState.RUNNING.firstLine());

        assertThat(notNull()).isEqualTo("false 0");
        assertThat(changelog().refusals("")).hasSize(1);
    }

    /** Wherever the run before broke off. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE t.items ADD CONSTRAINT bbm_not_null_v CHECK (v IS NOT NULL) NOT VALID",
                "ALTER TABLE t.items ADD CONSTRAINT bbm_not_null_v CHECK (v IS NOT NULL)",
                "ALTER TABLE t.items ALTER v SET NOT NULL"
            })
    void goesOnWhereItBrokeOff(String before) {
        GateState.VERIFIED.make(database);
        database.execute(before);

        changelog().update();

        assertThat(notNull()).isEqualTo("true 0");
    }

    /** The migration was verified, and a row was written since: the database has the last word. */
    @Test
    void isRefusedByTheDatabaseWhereARowIsNull() {
        GateState.VERIFIED.make(database);
        database.execute("UPDATE t.items SET v = NULL WHERE id = 7");

        assertThatThrownBy(() -> changelog().update()).hasMessageContaining("bbm_not_null_v");

        database.execute("UPDATE t.items SET v = 7 WHERE id = 7");
        changelog().update();
        assertThat(notNull()).isEqualTo("true 0");
    }

    /** What the catalogue does not have would look as if it were done. */
    @Test
    void isRefusedForAColumnThatIsNotThere() {
        GateState.VERIFIED.make(database);
        String misspelt = CHANGELOG.replace("columnName: v", "columnName: V");

        assertThatThrownBy(() -> ChangelogRun.of(database, directory, "changes.yaml", misspelt)
                        .update())
                .hasMessageContaining("there is no column 'V' in t.items");
        assertThat(notNull()).isEqualTo("false 0");
    }

    @Test
    void takesOddNames() {
        GateState.VERIFIED.make(database);
        database.execute("CREATE TABLE t.\"a$step$b\" (\"V $do$\" int)");
        String odd = CHANGELOG.replace("t.items", "'t.\"a$step$b\"'").replace("columnName: v", "columnName: V $do$");

        ChangelogRun.of(database, directory, "changes.yaml", odd).update();

        assertThat(
                        database.text(
                                "SELECT attnotnull FROM pg_attribute WHERE attrelid = 't.\"a$step$b\"'::regclass AND attnum = 1"))
                .isEqualTo("t");
    }

    @Test
    void doesNotRunInATransaction() {
        ChangelogRun changelog = ChangelogRun.of(
                database, directory, "changes.yaml", CHANGELOG.replace("    runInTransaction: false\n", ""));

        assertThatThrownBy(changelog::update).hasMessageContaining("its changeset needs runInTransaction: false");
    }

    @Test
    void isAScriptToo() throws SQLException {
        GateState.VERIFIED.make(database);
        String script = changelog().updateSql();

        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(script);
        }

        assertThat(notNull()).isEqualTo("true 0");
    }

    /** A reader that is in the way does not make others wait, and once it is gone the step is done. */
    @Test
    void waitsForAReaderWithoutHoldingUpOthers() throws Exception {
        GateState.VERIFIED.make(database);
        try (Connection reader = database.getConnection();
                Statement read = reader.createStatement()) {
            reader.setAutoCommit(false);
            read.execute("SELECT count(*) FROM t.items");

            CompletableFuture<Void> change =
                    CompletableFuture.runAsync(() -> changelog().update());
            org.awaitility.Awaitility.await().until(() -> database.number("""
                            SELECT count(*) FROM pg_locks WHERE relation = 't.items'::regclass AND mode = 'ShareUpdateExclusiveLock'
                            """) > 0);
            database.execute("SET statement_timeout = '5s'; UPDATE t.items SET n = n + 1");
            reader.commit();

            change.get(60, TimeUnit.SECONDS);
        }
        assertThat(notNull()).isEqualTo("true 0");
    }
}
