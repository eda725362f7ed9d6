package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The precondition {@code batchedMigrationFinished}, which stands only where it cannot be lost. */
@ExtendWith(PostgresExtension.class)
class PreconditionTest {
    private static final String SAFE = "- onSqlOutput: TEST";

    private final TestDatabase database;

    @TempDir
    Path directory;

    PreconditionTest(TestDatabase database) {
        this.database = database;
        EngineFixture.clean(database).items(1, 20);
    }

    @BeforeEach
    void forgetChangesets() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
    }

    private ChangelogRun precondition(String options, String preconditions) {
        return ChangelogRun.of(
                database, directory, "changes.yaml", """
                databaseChangeLog:
                - changeSet:
                    id: 1
                    author: test
                    preConditions:
                %s
                %s
                    changes:
                    - sql: {sql: CREATE TABLE t.made (id int)}
                """.formatted(options.indent(4), preconditions.indent(4)));
    }

    @Test
    void passesForOneThatIsVerified() {
        GateState.VERIFIED.make(database);

        precondition(SAFE, "- batchedMigrationFinished: {names: m}").update();

        assertThat(database.text("SELECT to_regclass('t.made') IS NULL")).isEqualTo("f");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PAUSED", "UNVERIFIED", "UNKNOWN"})
    void failsForAllOthers(String state) {
        GateState.valueOf(state).make(database);

        assertThatThrownBy(() -> precondition(SAFE, "- batchedMigrationFinished: {names: [m]}")
                        .update())
                .hasMessageContaining(GateState.valueOf(state).firstLine());
        assertThat(database.text("SELECT to_regclass('t.made') IS NULL")).isEqualTo("t");
    }

    @Test
    void isCheckedForAScriptToo() {
        GateState.PAUSED.make(database);

        assertThatThrownBy(() -> precondition(SAFE, "- batchedMigrationFinished: {names: m}")
                        .updateSql())
                .hasMessageContaining(GateState.PAUSED.firstLine());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "- onSqlOutput: TEST; - onFail: MARK_RAN|onFail MARK_RAN",
                "- onSqlOutput: TEST; - onFail: CONTINUE|onFail CONTINUE",
                "- onSqlOutput: TEST; - onFail: WARN|onFail WARN",
                "- onSqlOutput: TEST; - onError: MARK_RAN|onError MARK_RAN",
                "- onSqlOutput: FAIL|onSqlOutput FAIL",
                "- onFail: HALT|onSqlOutput IGNORE",
            })
    void doesNotStandWhereItCouldBeLost(String options, String why) {
        GateState.VERIFIED.make(database);

        assertThatThrownBy(() -> precondition(options.replace("; ", "\n"), "- batchedMigrationFinished: {names: m}")
                        .update())
                .hasMessageContaining("batchedMigrationFinished would be lost by " + why);
        assertThat(database.text("SELECT to_regclass('t.made') IS NULL")).isEqualTo("t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not", "or"})
    void isNotTurnedRound(String logic) {
        GateState.PAUSED.make(database);

        assertThatThrownBy(() -> precondition(SAFE, """
                        - %s:
                          - batchedMigrationFinished: {names: m}
                          - sqlCheck: {expectedResult: 1, sql: SELECT 1}
                        """.formatted(logic)).update())
                .hasMessageContaining("would be lost by a 'not' or an 'or' around it");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{name: m}|there is no attribute 'name'; did you mean names",
                "m|has the value 'm', but takes attributes only"
            })
    void isReadStrictly(String attributes, String message) {
        assertThatThrownBy(() -> precondition(SAFE, "- batchedMigrationFinished: " + attributes)
                        .update())
                .hasMessageContaining(message);
    }
}
