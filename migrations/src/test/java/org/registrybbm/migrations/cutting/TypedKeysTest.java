package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Keys of every type that has an order, unique or not. */
@ExtendWith(PostgresExtension.class)
class TypedKeysTest {
    private static final String WORK = "noteTransaction";

    private final EngineFixture fixture;
    private final TestDatabase database;

    TypedKeysTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE COLLATION t.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                CREATE FUNCTION t.odd(i int) RETURNS text LANGUAGE sql AS $$
                    SELECT (ARRAY['', 'it''s', E'back\\\\slash\\\\', '?', '%s %1$d %', '😀', '"', E'line\\nline', '$1', '{a,b}', '-- ',
                        '/*', 'null', 'Straße', 'ABC', 'abc', ' ', E'\\t'])[1 + abs(i) % 18] || nullif(abs(i) % 40, 39)
                $$;
                CREATE FUNCTION t.moment(i int) RETURNS timestamptz LANGUAGE sql AS $$
                    SELECT CASE abs(i) % 9 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '4713-01-01 BC'
                        WHEN 3 THEN '1883-01-01 00:00:00.000001+00'::timestamptz + i * interval '1 microsecond'
                        ELSE '2020-10-25 00:30:00+00'::timestamptz + i / 50 * interval '20 minutes' END
                $$
                """);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "k smallint                  | k       | i / 3",
                "k int                       | k       | i * 2147483",
                "k bigint                    | k       | i * 9000000000000000",
                "k numeric(20, 3)            | k       | i * 1.001",
                "k numeric | k | CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN i * 1e100 WHEN 2 THEN 'infinity' ELSE round(i / 7.0, 2 + i % 3) END",
                "k uuid                      | k       | md5(i::text)::uuid",
                "k text                      | k       | coalesce(t.odd(i), '')",
                "k text COLLATE \"C\"        | k       | coalesce(t.odd(i), '')",
                "k text COLLATE \"und-x-icu\"| k       | coalesce(t.odd(i), '')",
                "k text COLLATE t.ci         | k       | coalesce(t.odd(i), '')",
                "k varchar(60)               | k       | coalesce(t.odd(i), '')",
                "k bytea | k | CASE i % 3 WHEN 0 THEN ''::bytea WHEN 1 THEN '\\\\x00'::bytea ELSE decode(md5(i::text), 'hex') END",
                "k date                      | k       | t.moment(i)::date",
                "k timestamptz               | k       | t.moment(i)",
                "k timestamptz(3)            | k       | t.moment(i)",
                "k timestamp                 | k       | t.moment(i)::timestamp",
                "k int NOT NULL, b text NOT NULL                   | k, b    | i / 100, coalesce(t.odd(i), '')",
                "k int NOT NULL, b text COLLATE t.ci NOT NULL      | k, b    | i / 100, coalesce(t.odd(i), '')",
                "k timestamptz NOT NULL, b uuid NOT NULL           | k,b     | t.moment(i), md5(i::text)::uuid",
                "k bytea NOT NULL, b numeric NOT NULL, c date NOT NULL | b, c, k | '', i / 2, t.moment(i)",
                "\"a, b\" int NOT NULL, \"c\"\"D \" text NOT NULL  | \"a, b\" , \"c\"\"D \" | i / 100, coalesce(t.odd(i), '')",
                "\"a, b\" int NOT NULL                             | a, b    | i",
            })
    @Sample(oneOf = 4)
    void changesEachRowOnceAndTheRowsOfOneKeyTogether(String columns, String key, String values) {
        String quotedKey = key.equals("a, b") ? "\"a, b\"" : key;
        database.execute("""
                CREATE TABLE t.items (%s, n int NOT NULL DEFAULT 0, by text);
                INSERT INTO t.items SELECT %s FROM generate_series(-400, 400) i;
                CREATE INDEX ON t.items (%s)
                """.formatted(columns, values, quotedKey));
        fixture.queue(WORK, null, key, 200, 70);

        RunResult result =
                fixture.drain(Map.of(WORK, context -> context.update("n = n + 1, by = pg_current_xact_id()")));

        assertThat(result.isComplete()).as("%s", result).isTrue();
        assertThat(database.column("SELECT i::text FROM t.items i WHERE n <> 1 LIMIT 5"))
                .isEmpty();
        assertThat(database.column("SELECT (min(i::text)) FROM t.items i GROUP BY " + quotedKey
                        + " HAVING count(DISTINCT by) > 1 LIMIT 5"))
                .isEmpty();
        assertThat(fixture.jobs("m", "1")).hasSizeGreaterThan(1);
    }
}
