package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.PostgresExtension;
import org.registrybbm.migrations.testkit.TestDatabase;

/** The kinds of tables and rights: a migration changes every row, or it is refused before the first one, with a code and a remedy. */
@ExtendWith(PostgresExtension.class)
@Timeout(30)
class TableKindsTest {
    private static final String BLOCKS = "BlockBatchingStrategy";
    private static final String NULLS = "NullKeySetBatchingStrategy";
    private static final String PREDICATE = "PredicateBatchingStrategy";
    private static final int ROWS = 20;

    private static final String COLUMNS =
            "GRANT SELECT (id, a, b), UPDATE (b) ON t.items TO engine; GRANT USAGE ON SCHEMA t TO engine";
    private static final String ALL =
            "GRANT ALL ON ALL TABLES IN SCHEMA t TO engine; GRANT USAGE ON SCHEMA t TO engine";

    /** Two partitions by id, of which the first one has all rows. */
    private static final String SPLIT = """
            DROP TABLE t.items;
            CREATE TABLE t.items (id bigint PRIMARY KEY, a int, b int) PARTITION BY RANGE (id);
            CREATE TABLE t.low PARTITION OF t.items FOR VALUES FROM (MINVALUE) TO (1000);
            """;

    private static final String FOREIGN = """
            CREATE FOREIGN DATA WRAPPER nothing;
            CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
            """;

    private final Lab lab;
    private final TestDatabase database;
    private final TestDatabase role;

    TableKindsTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
        this.role = EngineRole.of(database);
        database.execute("DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE; DROP PUBLICATION IF EXISTS published");
        database.execute("CREATE TABLE t.items (id bigint PRIMARY KEY, a int, b int)");
    }

    /** What is special, the strategy and the column, and null or the code and a part of the text. */
    static Stream<Arguments> tables() {
        return Stream.of(rights(), hidden(), families(), kinds()).flatMap(each -> each);
    }

    private static Stream<Arguments> rights() {
        String unique = "ALTER TABLE t.items DROP CONSTRAINT items_pkey; CREATE INDEX ON t.items (id); ";
        return Stream.of(
                changed("all rights", ALL, null, "id"),
                changed(
                        "the owner",
                        "ALTER TABLE t.items OWNER TO engine; GRANT USAGE ON SCHEMA t TO engine",
                        null,
                        "id"),
                changed("the columns that are needed", COLUMNS, null, "id"),
                refused(
                        "nothing but the schema",
                        "GRANT USAGE ON SCHEMA t TO engine",
                        null,
                        "id",
                        20,
                        "GRANT SELECT (id, a, b), UPDATE (b) ON t.items TO engine"),
                refused(
                        "no schema",
                        "GRANT ALL ON t.items TO engine",
                        null,
                        "id",
                        20,
                        "GRANT USAGE ON SCHEMA t TO engine"),
                refused(
                        "SELECT only",
                        "GRANT SELECT ON t.items TO engine; GRANT USAGE ON SCHEMA t TO engine",
                        null,
                        "id",
                        20,
                        "GRANT UPDATE (b) ON t.items TO engine"),
                refused(
                        "UPDATE only",
                        "GRANT UPDATE ON t.items TO engine; GRANT USAGE ON SCHEMA t TO engine",
                        null,
                        "id",
                        20,
                        "GRANT SELECT (id, a, b) ON t.items TO engine"),
                refused(
                        "a column less to read",
                        COLUMNS + "; REVOKE SELECT (a) ON t.items FROM engine",
                        null,
                        "id",
                        20,
                        "GRANT SELECT (a) ON t.items TO engine"),
                refused(
                        "a column less to write",
                        COLUMNS + "; REVOKE UPDATE (b) ON t.items FROM engine;"
                                + " GRANT UPDATE (a) ON t.items TO engine",
                        null,
                        "id",
                        20,
                        "GRANT UPDATE (b) ON t.items TO engine"),
                refused(
                        "rows told apart by another column",
                        "ALTER TABLE t.items DROP CONSTRAINT items_pkey; CREATE INDEX ON t.items (id);"
                                + " ALTER TABLE t.items ADD u bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY; "
                                + COLUMNS,
                        null,
                        "id",
                        20,
                        "GRANT SELECT (u) ON t.items TO engine"),
                refused(
                        "columns of a table without a key",
                        unique + COLUMNS,
                        null,
                        "id",
                        20,
                        "GRANT SELECT ON t.items TO engine"),
                changed("a table without a key", unique + ALL, null, "id"),
                refused("columns, by blocks", COLUMNS, BLOCKS, "id", 20, "GRANT SELECT ON t.items TO engine"),
                changed("by blocks", ALL, BLOCKS, "id"),
                refused(
                        "columns, by a predicate",
                        "CREATE INDEX ON t.items (a) WHERE b IS DISTINCT FROM a; " + COLUMNS,
                        PREDICATE,
                        "id",
                        20,
                        "GRANT SELECT ON t.items TO engine"),
                refused(
                        "columns, by NULL",
                        "CREATE INDEX ON t.items (b) WHERE b IS NULL; " + COLUMNS,
                        NULLS,
                        "b",
                        20,
                        "GRANT SELECT ON t.items TO engine"),
                refused(
                        "the parent only",
                        SPLIT + "CREATE TABLE t.high PARTITION OF t.items FOR VALUES FROM (1000) TO (MAXVALUE);"
                                + " GRANT ALL ON t.items, t.high TO engine; GRANT USAGE ON SCHEMA t TO engine",
                        null,
                        "id",
                        20,
                        "GRANT SELECT (id, a, b), UPDATE (b) ON t.low TO engine"),
                refused(
                        "columns of the parent only",
                        SPLIT + COLUMNS,
                        null,
                        "id",
                        20,
                        "GRANT SELECT (id, a, b), UPDATE (b) ON t.low TO engine"),
                changed(
                        "columns of parent and partition",
                        SPLIT + COLUMNS + "; " + COLUMNS.replace("t.items", "t.low"),
                        null,
                        "id"));
    }

    private static Stream<Arguments> hidden() {
        String policy = "CREATE POLICY \"Odd one\" ON t.items FOR ALL USING (id < 5); ";
        return Stream.of(
                refused(
                        "a policy",
                        ALL + "; ALTER TABLE t.items ENABLE ROW LEVEL SECURITY; " + policy,
                        null,
                        "id",
                        18,
                        "\"Odd one\""),
                refused(
                        "a policy, by blocks",
                        ALL + "; ALTER TABLE t.items ENABLE ROW LEVEL SECURITY; " + policy,
                        BLOCKS,
                        "id",
                        18,
                        "ALTER ROLE engine BYPASSRLS"),
                refused(
                        "no policy at all",
                        ALL + "; ALTER TABLE t.items ENABLE ROW LEVEL SECURITY",
                        null,
                        "id",
                        18,
                        "no policy"),
                refused(
                        "a policy of SELECT",
                        ALL + "; ALTER TABLE t.items ENABLE ROW LEVEL SECURITY;"
                                + " CREATE POLICY p ON t.items FOR SELECT USING (true)",
                        null,
                        "id",
                        18,
                        "role engine"),
                refused(
                        "a policy that holds for the owner",
                        ALL + "; ALTER TABLE t.items OWNER TO engine; ALTER TABLE t.items FORCE ROW LEVEL SECURITY;"
                                + " ALTER TABLE t.items ENABLE ROW LEVEL SECURITY; " + policy,
                        null,
                        "id",
                        18,
                        "ALTER TABLE t.items NO FORCE ROW LEVEL SECURITY"),
                changed(
                        "a policy that does not hold for the owner",
                        ALL + "; ALTER TABLE t.items OWNER TO engine; ALTER TABLE t.items ENABLE ROW LEVEL SECURITY; "
                                + policy,
                        null,
                        "id"),
                refused(
                        "a policy of a partition",
                        SPLIT + ALL + "; ALTER TABLE t.low ENABLE ROW LEVEL SECURITY",
                        null,
                        "id",
                        18,
                        "t.low"));
    }

    private static Stream<Arguments> families() {
        return Stream.of(
                refused(
                        "children by inheritance",
                        "CREATE TABLE t.child () INHERITS (t.items); " + ALL,
                        null,
                        "id",
                        19,
                        "t.child"),
                refused(
                        "children by inheritance, by blocks",
                        "CREATE TABLE t.child () INHERITS (t.items); " + ALL,
                        BLOCKS,
                        "id",
                        19,
                        "t.child"),
                changed(
                        "a child by inheritance",
                        "ALTER TABLE t.items RENAME TO parent; CREATE TABLE t.items (PRIMARY KEY (id)) INHERITS (t.parent); "
                                + ALL,
                        null,
                        "id"),
                changed("partitions", SPLIT + ALL, null, "id"),
                changed(
                        "a partition",
                        SPLIT + "ALTER TABLE t.items RENAME TO parent;" + " ALTER TABLE t.low RENAME TO items; " + ALL,
                        null,
                        "id"),
                refused(
                        "a foreign partition",
                        SPLIT.replace(" PRIMARY KEY", "") + FOREIGN + "CREATE INDEX ON t.low (id); "
                                + "CREATE FOREIGN TABLE t.far PARTITION OF t.items FOR VALUES FROM (1000) TO (2000)"
                                + " SERVER nowhere; " + ALL,
                        null,
                        "id",
                        1,
                        "ALTER TABLE t.items DETACH PARTITION t.far"),
                refused(
                        "a foreign partition below, by blocks",
                        SPLIT.replace(" PRIMARY KEY", "") + FOREIGN
                                + "CREATE TABLE t.high PARTITION OF t.items FOR VALUES FROM (1000) TO (2000)"
                                + " PARTITION BY RANGE (id); CREATE FOREIGN TABLE t.far PARTITION OF t.high DEFAULT"
                                + " SERVER nowhere; " + ALL,
                        BLOCKS,
                        "id",
                        1,
                        "ALTER TABLE t.high DETACH PARTITION t.far"));
    }

    private static Stream<Arguments> kinds() {
        String hide = "ALTER TABLE t.items RENAME TO hidden; ";
        return Stream.of(
                changed("unlogged", "ALTER TABLE t.items SET UNLOGGED; " + ALL, null, "id"),
                refused(
                        "a view",
                        hide + "CREATE VIEW t.items AS SELECT * FROM t.hidden; " + ALL,
                        null,
                        "id",
                        1,
                        "a view"),
                refused(
                        "a materialized view",
                        hide + "CREATE MATERIALIZED VIEW t.items AS SELECT * FROM t.hidden; " + ALL,
                        null,
                        "id",
                        1,
                        "a materialized view"),
                refused(
                        "a foreign table",
                        hide + FOREIGN + "CREATE FOREIGN TABLE t.items (id bigint) SERVER nowhere; " + ALL,
                        null,
                        "id",
                        1,
                        "a foreign table"),
                refused("a sequence", hide + "CREATE SEQUENCE t.items; " + ALL, null, "id", 1, "a sequence"),
                refused("an index", hide + "CREATE INDEX items ON t.hidden (id); " + ALL, null, "id", 1, "an index"),
                refused(
                        "published without a replica identity",
                        ALL
                                + "; ALTER TABLE t.items REPLICA IDENTITY NOTHING; CREATE PUBLICATION published FOR TABLE t.items",
                        null,
                        "id",
                        0,
                        "replica identity"));
    }

    private static Arguments changed(String what, String sql, @Nullable String strategy, String column) {
        return Arguments.of(what, sql, strategy, column, null, null);
    }

    private static Arguments refused(
            String what, String sql, @Nullable String strategy, String column, int code, String text) {
        return Arguments.of(what, sql, strategy, column, code, text);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tables")
    void isChangedOrRefusedBeforeTheFirstRow(
            String what,
            String sql,
            @Nullable String strategy,
            String column,
            @Nullable Integer code,
            @Nullable String text) {
        database.execute(asEngine(sql));
        boolean filled = database.column("SELECT relkind FROM pg_class WHERE oid = 't.items'::regclass").stream()
                .anyMatch(kind -> kind.equals("r") || kind.equals("p"));
        if (filled) {
            database.execute("INSERT INTO t.items (id, a) SELECT i, i FROM generate_series(1, %d) i".formatted(ROWS));
        }
        queue("copyColumn", "t.items", column, strategy, "{\"from\": \"a\", \"to\": \"b\"}");

        RunResult result = run();

        if (code == null) {
            assertThat(result.failed()).isEmpty();
            assertThat(result.isComplete()).isTrue();
            assertThat(database.number("SELECT count(*) FROM t.items WHERE a = b"))
                    .isEqualTo(ROWS);
        } else {
            assertRefused(result, code, Objects.requireNonNull(text));
            if (filled) {
                String local = sql.contains("t.far") ? "t.low" : "t.items";
                assertThat(database.number("SELECT count(*) FROM " + local + " WHERE b IS NOT NULL"))
                        .isZero();
            }
        }
    }

    @Test
    void needsTheSequenceThatItFillsFrom() {
        database.execute(asEngine("INSERT INTO t.items SELECT 1; CREATE SEQUENCE t.numbers; " + ALL));
        queue("fillColumn", "t.items", "id", null, "{\"column\": \"b\", \"sequence\": \"t.numbers\"}");

        assertRefused(run(), 20, "GRANT USAGE ON SEQUENCE t.numbers TO engine");
        database.execute(asEngine("GRANT USAGE ON SEQUENCE t.numbers TO engine"));
        assertThat(run().isComplete()).isTrue();
        assertThat(database.number("SELECT b FROM t.items")).isEqualTo(1);
    }

    @Test
    void goesOnOnceTheRightsAreGranted() {
        database.execute("INSERT INTO t.items (id, a) VALUES (1, 1)");
        queue("copyColumn", "t.items", "id", null, "{\"from\": \"a\", \"to\": \"b\"}");
        assertThat(run().failed()).hasSize(1);
        database.execute(lab.of("m", "failure_message").replaceFirst("(?s).*?: ", ""));

        assertThat(run().isComplete()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pg_catalog.pg_class",
                "information_schema.sql_features",
                "public.batched_background_migration_jobs",
                "public.qrtz_triggers",
                "public.databasechangelog"
            })
    void leavesTablesOfTheSystemAndOfItselfAlone(String table) {
        queue("copyColumn", table, "oid", BLOCKS, "{\"from\": \"a\", \"to\": \"b\"}");

        assertThat(Lab.engine(database, Lab.SETTINGS, Map.of())
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .failed())
                .hasSize(1);
        assertThat(lab.of("m", "failure_error_code")).isEqualTo("1");
        assertThat(lab.of("m", "failure_message")).contains("belongs to");
    }

    @Test
    void leavesTemporaryTablesToTheirSession() throws SQLException {
        try (Connection session = database.getConnection()) {
            Lab.update(session, "CREATE TEMPORARY TABLE mine (id bigint PRIMARY KEY, a int, b int)");
            String schema = database.text("SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'mine'");
            queue("copyColumn", schema + ".mine", "id", null, "{\"from\": \"a\", \"to\": \"b\"}");

            assertRefused(run(), 1, "temporary");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE RULE swallow AS ON UPDATE TO t.items DO INSTEAD NOTHING",
                "CREATE FUNCTION t.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                        + " CREATE TRIGGER swallow BEFORE UPDATE ON t.items FOR EACH ROW EXECUTE FUNCTION t.swallow()"
            })
    void isNeverFinishedWhereTheDatabaseSwallowsTheChange(String sql) {
        database.execute(asEngine(ALL + "; INSERT INTO t.items (id, a) SELECT i, i FROM generate_series(1, 50) i"));
        database.execute(sql);
        for (@Nullable String strategy : new @Nullable String[] {null, BLOCKS}) {
            database.execute("DELETE FROM batched_background_migrations");
            queue("copyColumn", "t.items", "id", strategy, "{\"from\": \"a\", \"to\": \"b\"}");

            assertThat(run().finished()).isEmpty();
            assertThat(lab.status("m")).isEqualTo(MigrationStatus.FAILED);
        }
    }

    @Test
    void walksPartitionsThatAreRenamedAndNewOnes() {
        database.execute(asEngine(SPLIT + ALL));
        database.execute("INSERT INTO t.items (id, a) SELECT i, i FROM generate_series(1, 20) i");
        queue("copyColumn", "t.items", "id", null, "{\"from\": \"a\", \"to\": \"b\"}");
        assertThat(engine().planner().plan().due()).isNotEmpty();
        database.execute(asEngine("""
                ALTER TABLE t.low RENAME TO "Lower";
                CREATE TABLE t.high PARTITION OF t.items FOR VALUES FROM (1000) TO (2000);
                INSERT INTO t.items (id, a) VALUES (1500, 1500);
                """ + ALL));

        assertThat(run().isComplete()).isTrue();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE a = b")).isEqualTo(21);
    }

    private static String asEngine(String sql) {
        return sql.replaceAll("\\bengine\\b", EngineRole.NAME);
    }

    private void assertRefused(RunResult result, int code, String text) {
        assertThat(result.failed()).singleElement().satisfies(failed -> {
            assertThat(failed.failure()).isNotNull().satisfies(failure -> {
                assertThat(failure.message()).contains(asEngine(text));
                assertThat(failure.code().code()).isEqualTo(code);
            });
        });
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs"))
                .isZero();
    }

    private BatchedMigrations engine() {
        return Lab.engine(role, Lab.SETTINGS, Map.of());
    }

    private RunResult run() {
        return engine().runToEnd(List.of(), StopSignal.NEVER);
    }

    private void queue(String signature, String table, String column, @Nullable String strategy, String arguments) {
        lab.engine(Map.of())
                .store()
                .queue(new NewBatchedMigration(
                        "m",
                        signature,
                        table,
                        column,
                        strategy,
                        strategy == null ? 1 : 0,
                        strategy == null ? Long.MAX_VALUE : 0,
                        5,
                        arguments));
    }
}
