package org.registrybbm.migrations.testkit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Types of columns, each with values of it, for tests that go through all of them. */
public final class ColumnTypes {
    /** What some of the types need, in the schema {@code t}. */
    public static final String MADE = """
            CREATE TYPE t.mood AS ENUM ('sad', 'ok');
            CREATE TYPE t.pair AS (n numeric, s text);
            CREATE DOMAIN t.code AS char(3) CHECK (value <> 'XXX');
            CREATE DOMAIN t.price AS numeric(6, 2) CHECK (value >= 0);
            CREATE DOMAIN t.dearer AS t.price CHECK (value > 1);
            CREATE DOMAIN t.tags AS varchar(2)[];
            CREATE COLLATION t.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE COLLATION t.other (provider = icu, locale = 'de')
            """;

    private static final Map<String, List<String>> VALUES = new LinkedHashMap<>();

    private ColumnTypes() {}

    static {
        put("smallint", "7", "-3");
        put("integer", "7", "100000");
        put("bigint", "7", "9007199254740993");
        put("numeric", "1.10", "12345.678", "NaN", "2");
        put("numeric(10, 2)", "1.10", "12345.68");
        put("numeric(12, 4)", "1.2345", "2.5000");
        put("real", "1.5", "0.1", "-0");
        put("double precision", "0.1", "-0", "1e30", "3");
        put("money", "1.23");
        put("boolean", "true", "false");
        put("text", "abc", "ab ", "12", "1.10", "2024-02-03", "abcdef", "");
        put("text COLLATE \"C\"", "abc", "ABC");
        put("text COLLATE t.ci", "abc", "ABC");
        put("text COLLATE t.other", "abc", "ABC");
        put("varchar", "abc", "ab   ");
        put("varchar(3)", "abc", "ab");
        put("char(3)", "abc", "a");
        put("char(5)", "abcde", "ab");
        put("bpchar", "abc", "ab");
        put("name", "abc");
        put("\"char\"", "x");
        put("bytea", "\\x00ff", "\\x5c");
        put("date", "2024-02-03", "infinity");
        put("time", "01:02:03.6");
        put("time(0)", "01:02:03");
        put("timetz", "01:02:03.6+05:45");
        put("timestamp", "2024-02-03 23:02:03.6", "2024-02-03 00:00:00");
        put("timestamp(0)", "2024-02-03 23:02:03");
        put("timestamptz", "2024-02-03 23:02:03.6+00", "2024-02-03 00:00:00+00");
        put("timestamptz(0)", "2024-02-03 23:02:03+00");
        put("interval", "1 mon", "30 days", "-1 mons +2 days -00:00:01.5");
        put("interval day to second(0)", "1 day 00:00:01");
        put("uuid", "6f1c1f3c-0000-0000-0000-00000000000a");
        put("json", "{\"a\": 1.0}", "[]");
        put("jsonb", "{\"a\": 1.0}", "7");
        put("bit", "1");
        put("bit(8)", "10101010");
        put("bit(3)", "101");
        put("varbit(5)", "101", "10101");
        put("varbit", "10101010");
        put("inet", "10.0.0.1", "10.0.0.0/8");
        put("cidr", "10.0.0.0/8");
        put("macaddr", "08:00:2b:01:02:03");
        put("point", "(1,2)");
        put("box", "(1,1),(0,0)", "(2,1),(1,0.5)");
        put("circle", "<(0,0),1>");
        put("polygon", "((0,0),(1,1),(1,0))");
        put("path", "[(0,0),(1,1)]");
        put("int4range", "[1,3)", "empty");
        put("numrange", "[1.0,3)", "[1,3)");
        put("tstzrange", "[\"2024-02-03 00:00:00+00\",)");
        put("int4multirange", "{[1,3)}");
        put("tsvector", "'a':1 'b'");
        put("tsquery", "'a' & 'b'");
        put("pg_lsn", "0/10");
        put("oid", "7", "1");
        put("regclass", "pg_class");
        put("integer[]", "{1,2}", "{}");
        put("text[]", "{ab,c}", "{abc}", "{\"ab  \",NULL}");
        put("varchar(2)[]", "{ab,c}");
        put("char(3)[]", "{ab,c}");
        put("bit(3)[]", "{101}");
        put("varbit[]", "{101}", "{10101}");
        put("numeric[]", "{1.25,2}");
        put("numeric(4, 1)[]", "{1.2,2.0}");
        put("t.mood", "ok", "sad");
        put("t.mood[]", "{ok}");
        put("t.pair", "(1.10,x)", "(,)");
        put("t.code", "abc", "a");
        put("t.price", "1.10", "0.50");
        put("t.dearer", "1.10");
        put("t.tags", "{ab}");
    }

    private static void put(String type, String... values) {
        VALUES.put(type, List.of(values));
    }

    public static List<String> all() {
        return List.copyOf(VALUES.keySet());
    }

    public static List<String> valuesOf(String type) {
        return VALUES.getOrDefault(type, List.of());
    }

    /** A text as an SQL literal without a type. */
    public static String literal(String text) {
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
