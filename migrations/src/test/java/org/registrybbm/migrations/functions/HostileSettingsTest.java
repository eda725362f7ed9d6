package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Databases and roles with settings of their own: the shipped work functions give each row what an {@code UPDATE} in psql gives it there,
 * with the time zone UTC, or are refused; and each row is found again by its key.
 */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class HostileSettingsTest {
    private static final String FIRST_ROW_TO_LAST = "generate_series(1, 30) i";

    /** One migration and the UPDATE that it stands for. */
    private record Change(
            String name, String signature, @Nullable String strategy, String column, String arguments, String oracle) {
        static Change copy(String from, String cast, String to, @Nullable String strategy) {
            String arguments = "{\"from\": \"%s\", \"to\": \"%s\"%s}"
                    .formatted(from, to, cast.isEmpty() ? "" : ", \"cast\": \"" + cast + "\"");
            return new Change(
                    to,
                    "copyColumn",
                    strategy,
                    "id",
                    arguments,
                    to + " = " + from + (cast.isEmpty() ? "" : "::" + cast));
        }

        static Change fill(String to, String value, @Nullable String strategy) {
            return new Change(
                    to,
                    "fillColumn",
                    strategy,
                    strategy == null ? "id" : to,
                    "{\"column\": \"%s\", \"value\": \"%s\"}".formatted(to, value),
                    to + " = E'" + value.replace("'", "''") + "'");
        }
    }

    private static final List<Change> CHANGES = List.of(
            Change.copy("day_text", "date", "c_date", null),
            Change.copy("moment_text", "timestamptz", "c_moment", null),
            Change.copy("number", "text", "c_number", null),
            Change.copy("bytes", "text", "c_bytes", "BlockBatchingStrategy"),
            Change.copy("span", "text", "c_span", "BlockBatchingStrategy"),
            Change.copy("moment", "date", "c_day", null),
            Change.copy("day", "text", "c_day_text", null),
            Change.copy("id", "", "c_id", "PredicateBatchingStrategy"),
            Change.fill("f_date", "01/02/03", "NullKeySetBatchingStrategy"),
            Change.fill("f_span", "-1 2:03", null),
            Change.fill("f_text", "it's \\\\x", null));

    private final TestDatabase database;
    private final EngineFixture fixture;
    private final List<String> resets = new ArrayList<>();

    HostileSettingsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(50, 2);
    }

    @AfterEach
    void reset() {
        resets.forEach(database::execute);
    }

    private void set(boolean byRole, String settings) {
        String whose = byRole
                ? "ALTER ROLE " + database.text("SELECT quote_ident(current_user)") + " IN DATABASE " + database.name()
                : "ALTER DATABASE " + database.name();
        for (String setting : settings.split(";")) {
            String[] parts = setting.strip().split("=", 2);
            if (database.number("SELECT count(*) FROM pg_settings WHERE lower(name) = lower(?)", parts[0]) == 1) {
                resets.add(0, whose + " RESET " + parts[0]);
                database.execute(whose + " SET " + parts[0] + " = " + parts[1]);
            }
        }
    }

    private void table() {
        database.execute("""
                CREATE TABLE t.items (
                    id bigint PRIMARY KEY, day_text text, moment_text text, number float8, bytes bytea, span interval,
                    moment timestamptz, day date,
                    c_date date, c_moment timestamptz, c_number text, c_bytes text, c_span text, c_day date, c_day_text text,
                    c_id bigint, f_date date, f_span interval, f_text text
                );
                INSERT INTO t.items
                SELECT i, format('%1$s/%2$s/03', lpad(i::text, 2, '0'), '0' || 1 + i % 9),
                    format('0%1$s/0%2$s/2003 01:02', 1 + i % 3, 1 + i % 9), i / 7.0, decode('5c00ff' || '0' || i % 9, 'hex'),
                    make_interval(months => -i, days => i), timestamptz '2024-02-03 20:00+00' + i * interval '1 hour',
                    date '2024-02-03' + i
                FROM generate_series(1, 12) i;
                CREATE INDEX ON t.items (f_date) WHERE f_date IS NULL;
                CREATE INDEX ON t.items (id) WHERE c_id IS DISTINCT FROM id;
                CREATE TABLE t.plain (LIKE t.items);
                INSERT INTO t.plain SELECT * FROM t.items;
                CREATE TABLE t.refused (name text)
                """);
    }

    /** Each with the changes that it is most likely to harm; {@code -Dbbm.matrix=long} tries every change with each. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "false | c_date c_moment c_day f_date" + " | DateStyle='ISO, DMY'",
                "true | c_date c_moment c_day_text f_date" + " | DateStyle='SQL, DMY'",
                "false | c_moment c_day c_day_text f_date" + " | DateStyle='German'; TimeZone='America/New_York'",
                "true | c_date c_span c_day_text f_span" + " | DateStyle='Postgres, YMD'; IntervalStyle=iso_8601",
                "false | c_number c_bytes c_span f_span"
                        + " | IntervalStyle=sql_standard; extra_float_digits=0; bytea_output=escape",
                "true | c_number c_bytes c_span c_day"
                        + " | IntervalStyle=postgres_verbose; extra_float_digits=-15; bytea_output=escape; TimeZone='Asia/Tokyo'",
                "true | c_bytes c_id f_date f_text"
                        + " | standard_conforming_strings=off; quote_all_identifiers=on; array_nulls=off; backslash_quote=off;"
                        + " search_path=pg_catalog, t, public",
                "false | c_number c_id f_date f_text"
                        + " | default_transaction_isolation=serializable; default_transaction_deferrable=on; row_security=off;"
                        + " session_replication_role=replica; synchronous_commit=off; client_encoding=LATIN1",
                "true | c_date c_bytes c_id f_date"
                        + " | statement_timeout=5000; lock_timeout=1; idle_in_transaction_session_timeout=20;"
                        + " transaction_timeout=250; idle_session_timeout=60000",
                "false | c_number c_bytes c_id f_date"
                        + " | jit=on; jit_above_cost=0; plan_cache_mode=force_generic_plan; enable_seqscan=off; enable_sort=off;"
                        + " enable_hashagg=off; enable_nestloop=off; enable_material=off; enable_tidscan=off",
                "true | c_date c_span c_id f_text"
                        + " | plan_cache_mode=force_custom_plan; enable_hashjoin=off; enable_mergejoin=off; enable_memoize=off;"
                        + " enable_partition_pruning=off; work_mem=64; xmloption=document; debug_parallel_query=on",
            })
    @Sample(oneOf = 3)
    void changesAsAPlainUpdateDoes(boolean byRole, String likely, String settings) {
        List<String> names = List.of(likely.split(" "));
        List<Change> changes = CHANGES.stream()
                .filter(change -> LongBuild.IS_ON || names.contains(change.name()))
                .toList();
        assertThat(changes).hasSize(LongBuild.IS_ON ? CHANGES.size() : names.size());
        table();
        set(byRole, settings);
        for (Change change : changes) {
            fixture.engine(Map.of())
                    .store()
                    .queue(EngineFixture.migration(
                            change.name(),
                            change.signature(),
                            "t.items",
                            change.column(),
                            change.strategy(),
                            0,
                            Long.MAX_VALUE,
                            100,
                            change.arguments()));
        }
        fixture.drain(Map.of());

        for (Change change : changes) {
            boolean refused = update(settings, change.oracle());
            String failure = fixture.of(change.name(), "failure_error_code || ': ' || failure_message");
            if (refused || fixture.of(change.name(), "failure_error_code").equals("13")) {
                assertThat(failure).startsWith(refused ? "1" : "13: a date or time is copied as text");
                assertThat(fixture.jobs(change.name(), "1").isEmpty() || refused)
                        .isTrue();
            } else {
                assertThat(failure).isEqualTo("null");
                assertThat(database.column("""
                        SELECT i.%1$s || ' and not ' || p.%1$s
                        FROM t.items i
                        JOIN t.plain p USING (id)
                        WHERE record_image_ne(ROW(i.%1$s), ROW(p.%1$s))
                        """.formatted(change.name())))
                        .as(settings + ": " + change)
                        .isEmpty();
            }
        }
    }

    /** As psql would: in one statement, as the driver breaks off where it hears of another style than ISO. Tells whether a row is refused. */
    private boolean update(String settings, String assignment) {
        String own = Arrays.stream(settings.split(";"))
                .map(String::strip)
                .filter(setting -> setting.startsWith("DateStyle="))
                .findFirst()
                .map(setting -> "PERFORM set_config('DateStyle', " + setting.split("=", 2)[1] + ", true);")
                .orElse("");
        database.execute("""
                SET TimeZone = 'UTC';
                RESET extra_float_digits;
                DO $do$
                BEGIN
                    %s
                    UPDATE t.plain SET %s;
                EXCEPTION WHEN data_exception THEN
                    INSERT INTO t.refused VALUES ($name$%s$name$);
                END
                $do$
                """.formatted(own, assignment, assignment));
        return database.number("SELECT count(*) FROM t.refused WHERE name = ?", assignment) > 0;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "float8 | i / 7.0",
                "float4 | i / 7.0",
                "interval | make_interval(months => -i, days => 3 * i, secs => -i / 7.0)",
                "money | (i * 1234.56)::numeric::money",
                "date | date '2024-12-28' + i",
                "timestamp | timestamp '2024-12-28 00:00:00.000001' + i * interval '5 hours'",
                "timestamptz | timestamptz '2024-12-28 00:00:00.000001+00' + i * interval '5 hours'",
                "bytea | decode(concat('5c00ff', lpad(to_hex(i), 2, '0')), 'hex')",
                "float8[] | ARRAY[i / 7.0]",
                "tsrange | tsrange(timestamp '2024-12-28' + i * interval '1 day', NULL)",
                "bit(8) | i::bit(8)",
                "text COLLATE \"C\" | concat('\\\\', i, '''')",
            })
    @Sample(oneOf = 4)
    void findsEachRowAgainByItsKey(String type, String value) {
        database.execute("""
                CREATE TABLE t.items (
                    k %s PRIMARY KEY, id int, n int NOT NULL DEFAULT 0, v bigint, bad boolean NOT NULL DEFAULT false,
                    CHECK (NOT bad OR n = 0)
                );
                INSERT INTO t.items (k, id, bad) SELECT %s, i, i IN (3, 17) FROM %s
                """.formatted(type, value, FIRST_ROW_TO_LAST));
        set(
                false,
                "DateStyle='SQL, DMY'; IntervalStyle=sql_standard; extra_float_digits=-3; bytea_output=escape;"
                        + " TimeZone='America/New_York'; quote_all_identifiers=on; standard_conforming_strings=off");
        fixture.queue("work", "BlockBatchingStrategy", "", 30, 30);

        fixture.drain(Map.of("work", ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("status")).containsExactly("quarantined", "quarantined");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1 ORDER BY id"))
                .containsExactly("3", "17");
        database.execute("UPDATE t.items SET bad = false");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of("work", ItemsWork.DO_ONE)).isComplete()).isTrue();
        assertThat(fixture.quarantine("status")).containsExactly("done", "done");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bigint", "date", "timestamptz", "bytea", "text", "float8"})
    @Sample(oneOf = 3)
    void walksTheKeysThatItWalksElsewhere(String type) {
        set(true, "DateStyle='SQL, DMY'; bytea_output=escape; quote_all_identifiers=on; TimeZone='America/New_York'");
        String value = switch (type) {
            case "date", "timestamptz" -> "date '2024-02-03' + i";
            case "bytea" -> "decode(lpad(to_hex(i), 4, '0'), 'hex')";
            default -> "i";
        };
        database.execute("CREATE TABLE t.items (id " + type + " PRIMARY KEY, n int NOT NULL DEFAULT 0);"
                + " INSERT INTO t.items (id) SELECT " + value + " FROM " + FIRST_ROW_TO_LAST);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 12, 5);

        fixture.drain(Map.of());

        if (type.equals("float8")) {
            assertThat(fixture.of("m", "failure_message")).contains("ranges need one of bigint, bytea");
        } else {
            assertThat(fixture.of("m", "failure_message")).isEqualTo("null");
            assertThat(database.column("SELECT n FROM t.items WHERE n <> 1")).isEmpty();
            assertThat(fixture.of("m", "root_table")).isEqualTo("t.items");
        }
    }
}
