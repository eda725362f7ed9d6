package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.ColumnTypes;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What copyColumn and fillColumn take for done: that the column holds what PostgreSQL stores in it, no more and no less. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class CopiedValuesTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    CopiedValuesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute(ColumnTypes.MADE);
    }

    private void items(String source, String target, String sourceValue, String targetValue) {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, source %s, target %s);
                INSERT INTO t.items SELECT i, %s, %s FROM generate_series(1, 30) i
                """.formatted(source, target, sourceValue, targetValue));
    }

    private void run(String signature, String arguments) {
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work(signature, arguments)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(10)
                        .build());
        fixture.drain(Map.of());
    }

    private void copy() {
        run("copyColumn", "{\"from\": \"source\", \"to\": \"target\"}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "text COLLATE t.ci | text COLLATE t.ci | 'ABC' | 'abc'",
                "text | text COLLATE t.ci | 'ABC' | 'abc'",
                "interval | interval | '30 days' | '1 month'",
                "box | box | '(2,1),(0,0)' | '(1,2),(0,0)'",
                "numeric | numeric | 1.10 | 1.1",
                "float8 | float8 | '-0' | '0'",
                "real | float8 | '-0' | '0'",
                "bpchar | bpchar | 'a ' | 'a'",
                "t.pair | t.pair | '(1.10,x)' | '(1.1,x)'",
                "numeric[] | numeric[] | '{1.10}' | '{1.1}'",
                "text COLLATE t.other | text COLLATE \"C\" | 'b' | 'a'",
                "text COLLATE t.other | varchar(9) COLLATE \"C\" | 'b' | NULL",
            })
    @Sample(oneOf = 4)
    void copiesOverAValueThatIsOnlyCalledEqual(String source, String target, String value, String before) {
        items(source, target, value, before);

        copy();

        assertThat(fixture.of("m", "failure_message")).isEqualTo("null");
        assertThat(fixture.of("m", "verified_at")).isNotEqualTo("null");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE record_image_ne(ROW(target), ROW((%s)::%s))"
                        .formatted(value, target)))
                .isZero();
        assertThat(migrated()).isEqualTo(30);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "numeric(12, 4) | numeric(10, 2) | 1.2345 | 1.23",
                "double precision | real | 0.1 | 0.1",
                "timestamptz | timestamptz(0) | '2024-02-03 04:05:06.7+00' | 2024-02-03 09:50:07+05:45",
                "timestamp | date | '2024-02-03 23:05:06.7' | 2024-02-03",
                "numeric | integer | 2.5 | 3",
                "text | char(3) | 'ab    ' | ab",
                "text | varchar(3) | 'ab    ' | ab ",
                "text[] | char(3)[] | ARRAY['ab    '] | {\"ab \"}",
            })
    @Sample(oneOf = 3)
    void takesARowForDoneThatHoldsWhatTheAssignmentStores(String source, String target, String value, String stored) {
        items(source, target, value, "NULL");

        copy();

        assertThat(fixture.of("m", "failure_message")).isEqualTo("null");
        assertThat(fixture.quarantine("row_key")).isEmpty();
        assertThat(database.column("SELECT DISTINCT target::text FROM t.items")
                        .get(0)
                        .strip())
                .isEqualTo(stored.strip());
        assertThat(migrated()).isEqualTo(30);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "text | char(3) | 'abcd' | 'abc'",
                "text | varchar(3) | 'abcd' | 'abc'",
                "varbit | bit(3) | '1011' | '101'",
                "varbit | varbit(3) | '1011' | '101'",
                "text[] | varchar(3)[] | '{abcd}' | '{abc}'",
                "text | t.code | 'abcd' | 'abc'",
            })
    @Sample(oneOf = 3)
    void doesNotTakeARowForDoneWhoseValueIsTooLong(String source, String target, String value, String cut) {
        items(source, target, value, cut);
        database.execute("UPDATE t.items SET source = NULL, target = NULL WHERE id > 2");

        copy();

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("row_key ->> 'id'")).containsExactly("1", "2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "numeric | integer | i | 'NaN' | integer | 0A000",
                "numeric | bigint | i | 'Infinity' | | 0A000",
                "text | regclass | 't.items' | 'no_such' | | 42P01",
                "text | regclass | 't.items' | 'no_such.items' | | 3F000",
                "text | regclass | 't.items' | 'x.no_such.items' | | 0A000",
                "text | jsonb | '[]' | concat(repeat('[', 100000), repeat(']', 100000)) | jsonb | 54001",
            })
    @Sample(oneOf = 3)
    void setsAsideTheRowWhoseValueNoCastTakes(
            String source, String target, String value, String bad, String cast, String state) {
        for (boolean blocks : List.of(false, true)) {
            for (int row : List.of(2, 17)) {
                EngineFixture.clean(database);
                items(source, target, value, "NULL");
                database.execute("UPDATE t.items SET source = " + bad + " WHERE id = " + row);
                fixture.engine(Map.of())
                        .store()
                        .queue(EngineFixture.migration(
                                "m",
                                "copyColumn",
                                "t.items",
                                "id",
                                blocks ? "BlockBatchingStrategy" : null,
                                Long.MIN_VALUE,
                                Long.MAX_VALUE,
                                10,
                                "{\"from\": \"source\", \"to\": \"target\"%s}"
                                        .formatted(cast == null ? "" : ", \"cast\": \"" + cast + "\"")));

                fixture.drain(Map.of());

                assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
                assertThat(fixture.quarantine("row_key ->> 'id' || ' ' || failure_sqlstate"))
                        .containsExactly(row + " " + state);
                assertThat(fixture.quarantine("failure_message").get(0)).doesNotContain("no_such");
                assertThat(database.column("SELECT id FROM t.items WHERE target IS NULL"))
                        .containsExactly(String.valueOf(row));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "timestamp | timestamptz | '2024-07-03 02:00' | | 2024-07-03 00:00:00",
                "date | timestamptz | '2024-07-03' | | 2024-07-02 22:00:00",
                "timestamptz | timestamp | '2024-07-02 23:00+00' | | 2024-07-03 01:00:00",
                "timestamptz | date | '2024-07-02 23:00+00' | | 2024-07-03",
                "timestamptz | timestamp | '2024-07-02 23:00+00' | date | 2024-07-03 00:00:00",
                "date | timestamptz(0) | '2024-01-03' | timestamptz | 2024-01-02 23:00:00",
            })
    @Sample(oneOf = 3)
    void readsDatesInTheTimeZoneOfTheArguments(String source, String target, String value, String cast, String stored) {
        items(source, target, value, "NULL");

        run(
                "copyColumn",
                "{\"from\": \"source\", \"to\": \"target\", \"timeZone\": \"Europe/Berlin\"%s}"
                        .formatted(cast == null ? "" : ", \"cast\": \"" + cast + "\""));

        assertThat(fixture.of("m", "failure_message")).isEqualTo("null");
        assertThat(database.column("SELECT DISTINCT target"
                        + (target.startsWith("timestamptz") ? " AT TIME ZONE 'UTC'" : "") + " FROM t.items"))
                .containsExactly(stored);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "timestamp | timestamptz | Europe/Berlim | | there is no time zone 'Europe/Berlim'",
                "text | timestamptz | Europe/Berlin | timestamptz | \"timeZone\" has a meaning only",
                "timestamptz | text | Europe/Berlin | | \"timeZone\" has a meaning only",
                "timestamptz | timestamptz | Europe/Berlin | | \"timeZone\" has a meaning only",
                "date | timestamp | Europe/Berlin | | \"timeZone\" has a meaning only",
                "int | bigint | Europe/Berlin | | \"timeZone\" has a meaning only",
                "timestamp | timestamp | Europe/Berlin | timestamptz | \"timeZone\" has a meaning only",
            })
    void refusesATimeZoneWithoutMeaning(String source, String target, String zone, String cast, String message) {
        items(source, target, "NULL", "NULL");

        run(
                "copyColumn",
                "{\"from\": \"source\", \"to\": \"target\", \"timeZone\": \"%s\"%s}"
                        .formatted(zone, cast == null ? "" : ", \"cast\": \"" + cast + "\""));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("13");
        assertThat(fixture.of("m", "failure_message")).contains(message);
        assertThat(fixture.jobs("m", "1")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "numeric(24, 2) | 12345678901234567.89 | 12345678901234567.89",
                "text | 1.10 | 1.10",
                "text | 10000000.5 | 10000000.5",
                "text | 1e20 | 100000000000000000000",
                "text | 123456789012345678901234567890 | 123456789012345678901234567890",
                "numeric | 0.000000000000000000000000000001 | 0.000000000000000000000000000001",
                "text | true | true",
                "char(3) | \"EUR\" | EUR",
                "t.code | \"EUR\" | EUR",
                "char(3)[] | \"{EUR,a}\" | {EUR,\"a  \"}",
                "bit(8) | \"10101010\" | 10101010",
                "bit(8)[] | \"{10101010}\" | {10101010}",
            })
    @Sample(oneOf = 4)
    void fillsWithTheValueAsItIsWritten(String type, String json, String stored) {
        items("int", type, "NULL", "NULL");

        run("fillColumn", "{\"column\": \"target\", \"value\": " + json + "}");

        assertThat(fixture.of("m", "failure_message")).isEqualTo("null");
        assertThat(database.column("SELECT DISTINCT target::text FROM t.items")).containsExactly(stored);
    }

    @ParameterizedTest
    @CsvSource({
        "fillColumn, '\"column\": \"target\", \"value\": 1'",
        "copyColumn, '\"from\": \"source\", \"to\": \"target\"'"
    })
    void namesTheColumnThatIsGenerated(String signature, String arguments) {
        database.execute(
                "CREATE TABLE t.items (id bigint PRIMARY KEY, source int, target int GENERATED ALWAYS AS (1) STORED)");

        run(signature, "{" + arguments + "}");

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("13");
        assertThat(fixture.of("m", "failure_message")).contains("column \"target\" can only be updated to DEFAULT");
    }

    @Test
    void fillsWithNumbersOfManyDigits() {
        items("int", "numeric", "NULL", "NULL");

        run("fillColumn", "{\"column\": \"target\", \"value\": 1e4000}");

        assertThat(fixture.of("m", "failure_message")).isEqualTo("null");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE target = 1e4000"))
                .isEqualTo(30);
    }

    @Test
    void refusesNumbersThatTakeLongToRead() {
        items("int", "numeric", "NULL", "NULL");

        run("fillColumn", "{\"column\": \"target\", \"value\": 1e100000}");

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("13");
        assertThat(fixture.of("m", "failure_message")).contains("write such a number as a string");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "char(3) | \"secret\"",
                "char(3)[] | \"{secret}\"",
                "varchar(2)[] | \"{secret}\"",
                "bit(8) | \"1010101\"",
                "bit(8)[] | \"{1010101}\"",
                "t.code | \"XXX\"",
                "t.code | \"secret\"",
                "t.dearer | 0.5",
                "numeric(4, 2) | 12345",
                "t.mood | \"secret\"",
                "jsonb | \"{secret\"",
                "date | \"2024-02-30\"",
                "integer | 1.5",
                "real | 1e400",
                "regclass | \"secret\"",
            })
    void refusesAValueThatDoesNotFitBeforeTheFirstRow(String type, String json) {
        items("int", type, "NULL", "NULL");

        run("fillColumn", "{\"column\": \"target\", \"value\": " + json + "}");

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("13");
        assertThat(fixture.of("m", "failure_message")).doesNotContain("secret", "1010101", "12345", "02-30", "XXX");
        assertThat(fixture.jobs("m", "1")).isEmpty();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE target IS NOT NULL"))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "source = target | 17 | could not determine which collation",
                "no_such IS NULL | 17 | no_such",
                "id + 1 | 17 | boolean",
                "source::int > 0 AND target IS NULL | null | null",
            })
    void triesWhatIsCalledPendingOnSomeRowsFirst(String pending, String code, String message) {
        items("text COLLATE t.other", "text COLLATE \"C\"", "'x'", "'y'");
        fixture.queue("work", null, "id", 10, 10);
        WorkFunction work = context -> context.update("target = '1', source = '1'");

        fixture.engine(Map.of("work", work.withPending(pending))).planner().plan();

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo(code);
        assertThat(fixture.of("m", "failure_message")).contains(message);
        assertThat(fixture.jobs("m", "1").isEmpty()).isEqualTo(code.equals("17"));
    }

    private long migrated() {
        return fixture.engine(Map.of()).status().overviews(List.of("m")).get(0).migratedTupleCount();
    }
}
