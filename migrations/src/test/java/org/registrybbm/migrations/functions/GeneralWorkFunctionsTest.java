package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The work functions that need no Java from an author: copyColumn and fillColumn. */
@ExtendWith(PostgresExtension.class)
class GeneralWorkFunctionsTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    GeneralWorkFunctionsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private RunResult run(String signature, String arguments) {
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(signature, arguments)
                        .table("t.types")
                        .byKey("id")
                        .batchSize(10)
                        .build());
        return fixture.drain(Map.of());
    }

    private void types(String from, String value, String to) {
        database.execute("CREATE TYPE t.mood AS ENUM ('sad', 'ok')");
        database.execute("""
                CREATE TABLE t.types (id bigint PRIMARY KEY, source %1$s, target %3$s);
                INSERT INTO t.types SELECT i, %2$s, NULL FROM generate_series(1, 25) i;
                INSERT INTO t.types VALUES (26, NULL, NULL)
                """.formatted(from, value, to));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "text | '7' | smallint | smallint | 7",
                "text | '7' | integer | integer | 7",
                "int | 7 | bigint | bigint | 7",
                "int | 7 | numeric | numeric(9, 2) | 7.00",
                "text | '1.5' | real | real | 1.5",
                "text | '1.5' | double precision | double precision | 1.5",
                "int | 7 | text | text | 7",
                "text | 'true' | boolean | boolean | t",
                "timestamptz | '2026-01-02 23:00+00' | date | date | 2026-01-02",
                "text | '2026-01-02 03:04' | timestamp | timestamp | 2026-01-02 03:04:00",
                "text | '2026-01-02 03:04+00' | timestamptz | timestamptz | 2026-01-02 08:49:00+05:45",
                "text | '6f1c1f3c-0000-0000-0000-00000000000a' | uuid | uuid | 6f1c1f3c-0000-0000-0000-00000000000a",
                "text | '{\"a\":1}' | jsonb | jsonb | {\"a\": 1}",
            })
    @Sample(oneOf = 4)
    void copiesWithEachCast(String from, String value, String cast, String to, String expected) {
        types(from, value, to);

        RunResult result = run("copyColumn", "{\"from\": \"source\", \"to\": \"target\", \"cast\": \"" + cast + "\"}");

        assertThat(result.failed()).isEmpty();
        assertThat(database.column("SELECT DISTINCT target::text FROM t.types WHERE id < 26")
                        .get(0))
                .isEqualTo(to.equals("boolean") ? "true" : expected);
        assertThat(database.text("SELECT target FROM t.types WHERE id = 26")).isEqualTo("null");
        assertThat(migrated()).isEqualTo(25);
    }

    @Test
    void copiesWithoutACast() {
        types("smallint", "7", "bigint");

        assertThat(run("copyColumn", "{\"from\": \"source\", \"to\": \"target\"}")
                        .isComplete())
                .isTrue();

        assertThat(database.column("SELECT DISTINCT target FROM t.types WHERE id < 26"))
                .containsExactly("7");
    }

    @Test
    void doesNotWriteRowsThatAreRightAlready() {
        types("int", "7", "int");
        database.execute("UPDATE t.types SET target = 7 WHERE id <= 10");
        String before = database.text("SELECT string_agg(xmin::text, ' ' ORDER BY id) FROM t.types WHERE id <= 10");

        run("copyColumn", "{\"from\": \"source\", \"to\": \"target\"}");

        assertThat(migrated()).isEqualTo(15);
        assertThat(database.text("SELECT string_agg(xmin::text, ' ' ORDER BY id) FROM t.types WHERE id <= 10"))
                .isEqualTo(before);
    }

    @Test
    void copiesNullsOverOldValues() {
        types("int", "7", "int");
        database.execute("UPDATE t.types SET target = 9 WHERE id = 26");

        run("copyColumn", "{\"from\": \"source\", \"to\": \"target\"}");

        assertThat(database.text("SELECT target FROM t.types WHERE id = 26")).isEqualTo("null");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "text | \"it's; drop table t.types\" | it's; drop table t.types",
                "int | 42 | 42",
                "int | \"42\" | 42",
                "bigint | 9223372036854775807 | 9223372036854775807",
                "numeric(6, 2) | 12.5 | 12.50",
                "boolean | true | t",
                "varchar(3) | \"abc\" | abc",
                "jsonb | \"{}\" | {}",
                "int[] | \"{1,2}\" | {1,2}",
                "t.mood | \"ok\" | ok",
                "timestamptz | \"2026-01-01 00:00:00+00\" | 2026-01-01 05:45:00+05:45",
                "text | \"\" | ``",
            })
    @Sample(oneOf = 4)
    void fillsWithAValueOfTheColumnsType(String type, String json, String expected) {
        types("int", "7", type);

        RunResult result = run("fillColumn", "{\"column\": \"target\", \"value\": " + json + "}");

        assertThat(result.failed()).isEmpty();
        assertThat(database.column("SELECT DISTINCT target FROM t.types")).containsExactly(expected);
        assertThat(migrated()).isEqualTo(26);
    }

    @Test
    void aDateIsCopiedInTheSameTimeZoneOnEveryReplica() {
        database.execute("""
                CREATE TABLE t.d (id bigint PRIMARY KEY, a timestamptz, b date);
                INSERT INTO t.d VALUES (1, '2026-01-02 23:00+00', NULL)
                """);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", "{\"from\": \"a\", \"to\": \"b\", \"cast\": \"date\"}")
                        .table("t.d")
                        .byKey("id")
                        .batchSize(10)
                        .build());

        fixture.runAll(Map.of());

        assertThat(database.text("SELECT b FROM t.d")).isEqualTo("2026-01-02");
    }

    @Test
    void fillsFromASequenceEachRowItsOwnNumber() {
        types("int", "7", "bigint");
        database.execute("CREATE SEQUENCE t.\"Odd seq\" START 1000; UPDATE t.types SET target = -1 WHERE id = 1");

        RunResult result = run("fillColumn", "{\"column\": \"target\", \"sequence\": \"t.\\\"Odd seq\\\"\"}");

        assertThat(result.failed()).isEmpty();
        assertThat(database.text(
                        "SELECT count(DISTINCT target) || ' ' || min(target) || ' ' || max(target) FROM t.types"))
                .isEqualTo("26 -1 1024");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "copyColumn | | lacks \"from\"",
                "copyColumn | {} | lacks \"from\"",
                "copyColumn | {\"from\": \"source\"} | lacks \"to\"",
                "copyColumn | {\"from\": 5, \"to\": \"target\"} | \"from\"",
                "copyColumn | {\"from\": \"source\", \"to\": \"target\", \"kast\": \"int\"} | unknown keys [kast]; known are [cast, from, timeZone, to]",
                "copyColumn | {\"from\": \"source\", \"to\": \"target\", \"cast\": \"int; drop table t.types\"} | it may be one of bigint, boolean",
                "copyColumn | [1] | not a JSON object",
                "copyColumn | 7 | not a JSON object",
                "copyColumn | \"x\" | not a JSON object",
                "copyColumn | null | not a JSON object",
                "fillColumn | {} | either a \"sequence\"",
                "fillColumn | {\"column\": \"target\"} | either a \"sequence\"",
                "fillColumn | {\"value\": 1, \"sequence\": \"t.s\"} | either a \"sequence\"",
                "fillColumn | {\"value\": null} | either a \"sequence\"",
                "fillColumn | {\"value\": {\"a\": 1}} | \"value\"",
                "fillColumn | {\"column\": \"target\", \"sequence\": \"t.nothing\"} | there is no sequence t.nothing",
                "fillColumn | {\"column\": \"target\", \"sequence\": \"t.types\"} | there is no sequence t.types",
                "fillColumn | {\"column\": \"target\", \"sequence\": \"nothing\"} | <schema>.<sequence>",
                "copyColumn | {\"from\": \"id\", \"to\": \"target\", \"cast\": 5} | \"cast\"",
                "fillColumn | {\"column\": [\"target\"], \"value\": 1} | \"column\"",
                "fillColumn | {\"column\": \"target\", \"sequence\": 5, \"value\": 1} | \"sequence\"",
                "fillColumn | {\"colunm\": \"target\", \"value\": 1} | unknown keys [colunm]",
            })
    void refusesWrongArgumentsBeforeAnythingIsDone(String signature, String arguments, String message) {
        types("int", "7", "int");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(signature, arguments)
                        .table("t.types")
                        .byKeyBetween("id", 1, 100)
                        .batchSize(10)
                        .build());

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("13");
        assertThat(fixture.of("m", "failure_message")).contains(message);
        assertThat(fixture.jobs("m", "1")).isEmpty();
        assertThat(database.number("SELECT count(*) FROM t.types WHERE target IS NULL"))
                .isEqualTo(26);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"from\": \"nothing\", \"to\": \"target\"}",
                "{\"from\": \"source\", \"to\": \"nothing\"}",
                "{\"from\": \"source\", \"to\": \"target = 1, target\"}"
            })
    void refusesColumnsThatAreNotThere(String arguments) {
        types("int", "7", "int");

        run("copyColumn", arguments);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("2");
    }

    private long migrated() {
        return fixture.engine(Map.of()).status().overviews(List.of("m")).get(0).migratedTupleCount();
    }
}
