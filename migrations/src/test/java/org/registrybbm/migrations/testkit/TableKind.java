package org.registrybbm.migrations.testkit;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A kind of table, or of rights on it: what becomes of a migration that copies {@code t.items.a} to {@code b}.
 *
 * @param what in words
 * @param sql what makes {@code t.items (id bigint PRIMARY KEY, a int, b int)} into it; {@code engine} is the engine's role
 * @param code the code that it is refused with, or null when every row is changed
 * @param text a part of the text of the refusal
 */
public record TableKind(
        String what,
        String sql,
        @Nullable String strategy,
        String column,
        @Nullable Integer code,
        String text) {
    public static final String BLOCKS = "BlockBatchingStrategy";
    public static final String ALL =
            "GRANT ALL ON ALL TABLES IN SCHEMA t TO engine; GRANT USAGE ON SCHEMA t TO engine;";

    /** Two partitions by id, of which the first one has all rows. */
    public static final String SPLIT = """
            DROP TABLE t.items;
            CREATE TABLE t.items (id bigint, a int, b int) PARTITION BY RANGE (id);
            CREATE TABLE t.low PARTITION OF t.items FOR VALUES FROM (MINVALUE) TO (1000);
            ALTER TABLE t.low ADD PRIMARY KEY (id);
            """;

    private static final String NULLS = "NullKeySetBatchingStrategy";
    private static final String PREDICATE = "PredicateBatchingStrategy";
    private static final String SCHEMA = "GRANT USAGE ON SCHEMA t TO engine;";
    private static final String COLUMNS = SCHEMA + "GRANT SELECT (id, a, b), UPDATE (b) ON t.items TO engine;";
    private static final String NO_KEY =
            "ALTER TABLE t.items DROP CONSTRAINT items_pkey; CREATE INDEX ON t.items (id);";
    private static final String WHOLE = "GRANT SELECT ON t.items TO engine";
    private static final String HIDDEN = "ALTER TABLE t.items RENAME TO hidden;";
    private static final String SECURE = ALL + "ALTER TABLE t.items ENABLE ROW LEVEL SECURITY;";
    private static final String POLICY = "CREATE POLICY \"Odd one\" ON t.items FOR ALL USING (id < 5);";
    private static final String OWNED = "ALTER TABLE t.items OWNER TO engine;";
    private static final String CHILD = "CREATE TABLE t.child () INHERITS (t.items);";
    private static final String FOREIGN =
            "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;";

    public static Stream<TableKind> all() {
        return Stream.of(rights(), partitionRights(), policies(), families(), kinds())
                .flatMap(each -> each);
    }

    private static Stream<TableKind> rights() {
        return Stream.of(
                of("all rights", ALL),
                of("the owner", OWNED + SCHEMA),
                of("the column that is written", SCHEMA + WHOLE + "; GRANT UPDATE (b) ON t.items TO engine"),
                of("the columns that are needed, but not where rows lie", COLUMNS)
                        .refused(20, WHOLE),
                of("nothing but the schema", SCHEMA).refused(20, "GRANT SELECT, UPDATE (b) ON t.items TO engine"),
                of("no schema", "GRANT ALL ON t.items TO engine").refused(20, SCHEMA.replace(";", "")),
                of("SELECT only", SCHEMA + WHOLE).refused(20, "GRANT UPDATE (b) ON t.items TO engine"),
                of("UPDATE only", SCHEMA + "GRANT UPDATE ON t.items TO engine").refused(20, WHOLE),
                of("another column to write", SCHEMA + WHOLE + "; GRANT UPDATE (a) ON t.items TO engine")
                        .refused(20, "GRANT UPDATE (b) ON t.items TO engine"),
                of("a table without a key", NO_KEY + ALL),
                of("columns of a table without a key", NO_KEY + COLUMNS).refused(20, WHOLE),
                of("by blocks", ALL).by(BLOCKS),
                of("columns, by blocks", COLUMNS).by(BLOCKS).refused(20, WHOLE),
                of("columns, by a predicate", COLUMNS + "CREATE INDEX ON t.items (a) WHERE b IS DISTINCT FROM a")
                        .by(PREDICATE)
                        .refused(20, WHOLE),
                of("columns, by NULL", COLUMNS + "CREATE INDEX ON t.items (b) WHERE b IS NULL")
                        .by(NULLS)
                        .refused(20, WHOLE));
    }

    private static Stream<TableKind> partitionRights() {
        String lacks = "GRANT SELECT, UPDATE (b) ON t.low TO engine";
        return Stream.of(
                of("the parent only", SPLIT + SCHEMA + "GRANT ALL ON t.items TO engine")
                        .refused(20, lacks),
                of("columns of the parent only", SPLIT + COLUMNS).refused(20, lacks),
                of("columns of parent and partition", SPLIT + COLUMNS + lacks));
    }

    private static Stream<TableKind> policies() {
        return Stream.of(
                of("a policy", SECURE + POLICY).refused(18, "\"Odd one\""),
                of("a policy, by blocks", SECURE + POLICY).by(BLOCKS).refused(18, "ALTER ROLE engine BYPASSRLS"),
                of("no policy at all", SECURE).refused(18, "no policy"),
                of("a policy of SELECT", SECURE + "CREATE POLICY p ON t.items FOR SELECT USING (true)")
                        .refused(18, "role engine"),
                of(
                                "a policy that holds for the owner",
                                SECURE + POLICY + OWNED + "ALTER TABLE t.items FORCE ROW LEVEL SECURITY")
                        .refused(18, "ALTER TABLE t.items NO FORCE ROW LEVEL SECURITY"),
                of("a policy that does not hold for the owner", SECURE + POLICY + OWNED),
                of("a policy of a partition", SPLIT + ALL + "ALTER TABLE t.low ENABLE ROW LEVEL SECURITY")
                        .refused(18, "t.low"));
    }

    private static Stream<TableKind> families() {
        String far = "CREATE FOREIGN TABLE t.far PARTITION OF t.items FOR VALUES FROM (1000) TO (2000) SERVER nowhere;";
        String high =
                "CREATE TABLE t.high PARTITION OF t.items FOR VALUES FROM (1000) TO (2000) PARTITION BY RANGE (id);";
        String below = "CREATE FOREIGN TABLE t.far PARTITION OF t.high DEFAULT SERVER nowhere;";
        return Stream.of(
                of("children by inheritance", CHILD + ALL).refused(19, "t.child"),
                of("children by inheritance, by blocks", CHILD + ALL).by(BLOCKS).refused(19, "t.child"),
                of("a child", HIDDEN + "CREATE TABLE t.items (PRIMARY KEY (id)) INHERITS (t.hidden);" + ALL),
                of("partitions", SPLIT + ALL),
                of("a partition", SPLIT + HIDDEN + "ALTER TABLE t.low RENAME TO items;" + ALL),
                of("a foreign partition", SPLIT + FOREIGN + far + ALL)
                        .refused(1, "ALTER TABLE t.items DETACH PARTITION t.far"),
                of("a foreign partition below, by blocks", SPLIT + FOREIGN + high + below + ALL)
                        .by(BLOCKS)
                        .refused(1, "ALTER TABLE t.high DETACH PARTITION t.far"));
    }

    private static Stream<TableKind> kinds() {
        return Stream.of(
                of("unlogged", "ALTER TABLE t.items SET UNLOGGED;" + ALL),
                of("a view", HIDDEN + "CREATE VIEW t.items AS SELECT * FROM t.hidden;" + ALL)
                        .refused(1, "a view"),
                of("a materialized view", HIDDEN + "CREATE MATERIALIZED VIEW t.items AS SELECT * FROM t.hidden;" + ALL)
                        .refused(1, "a materialized view"),
                of(
                                "a foreign table",
                                HIDDEN + FOREIGN + "CREATE FOREIGN TABLE t.items (id bigint) SERVER nowhere;" + ALL)
                        .refused(1, "a foreign table"),
                of("a sequence", HIDDEN + "CREATE SEQUENCE t.items;" + ALL).refused(1, "a sequence"),
                of("an index", HIDDEN + "CREATE INDEX items ON t.hidden (id);" + ALL)
                        .refused(1, "an index"),
                of(
                                "published without a replica identity",
                                ALL + "ALTER TABLE t.items REPLICA IDENTITY NOTHING;"
                                        + "CREATE PUBLICATION published FOR TABLE t.items")
                        .refused(0, "replica identity"));
    }

    private static TableKind of(String what, String sql) {
        return new TableKind(what, EngineRole.in(sql), null, "id", null, "");
    }

    private TableKind by(String other) {
        return new TableKind(what, sql, other, other.equals(NULLS) ? "b" : column, code, text);
    }

    private TableKind refused(int why, String saying) {
        return new TableKind(what, sql, strategy, column, why, EngineRole.in(saying));
    }

    /** A table whose rows are here; those of a foreign partition are nowhere. */
    public String local() {
        return sql.contains("t.far") ? "t.low" : "t.items";
    }

    @Override
    public String toString() {
        return what;
    }
}
