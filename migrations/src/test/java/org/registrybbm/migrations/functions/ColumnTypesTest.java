package org.registrybbm.migrations.functions;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.ColumnTypes;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.LongBuild;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * copyColumn and fillColumn give each column what an {@code UPDATE} of the same server gives it on a copy of the table; what that refuses
 * altogether is refused before the first row, and a row that it refuses is quarantined. {@code -Dbbm.matrix=long} takes every pair.
 */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class ColumnTypesTest {
    private static final long SEED = Long.getLong("bbm.matrix.seed", 4711);
    private static final int PAIRS = Integer.getInteger("bbm.matrix.pairs", 1);
    private static final int ROUNDS = Integer.getInteger("bbm.matrix.rounds", 1);
    private static final ObjectMapper JSON = new ObjectMapper();

    // A statement that no row can take has an SQLSTATE of class 42; a value that the column cannot take fails for all.
    private static final String ORACLE = """
            SET TimeZone = 'UTC';
            DO $do$
            DECLARE
                one record;
                done text;
            BEGIN
                FOR one IN SELECT w.*, i.id FROM t.wanted w CROSS JOIN t.plain i LOOP
                    BEGIN
                        EXECUTE format(
                            'UPDATE t.plain SET %I = %s WHERE id = %s AND (%s)', one.target, one.value, one.id, one.rows);
                    EXCEPTION WHEN OTHERS THEN
                        INSERT INTO t.refused VALUES (one.target, one.id, SQLSTATE);
                    END;
                END LOOP;
            END
            $do$
            """;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final SoftAssertions softly = new SoftAssertions();
    private final Random random = new Random(SEED);

    ColumnTypesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(50, 2);
        database.execute(ColumnTypes.MADE);
        database.execute("""
                CREATE TABLE t.wanted (target text, value text, rows text);
                CREATE TABLE t.refused (target text, id bigint, state text)
                """);
    }

    @Test
    void copiesEachTypeToEachAsAnUpdateDoes() {
        List<String> types = ColumnTypes.all();
        for (String source : types) {
            Map<String, String> targets = new LinkedHashMap<>();
            for (int i = 0; i < types.size(); i++) {
                if (LongBuild.IS_ON || types.get(i).equals(source) || random.nextInt(types.size()) < PAIRS) {
                    targets.put("c" + i, types.get(i));
                }
            }
            copies(source, targets);
        }
    }

    private void copies(String source, Map<String, String> targets) {
        List<String> values = ColumnTypes.valuesOf(source);
        StringBuilder columns = new StringBuilder("id bigint PRIMARY KEY, source " + source);
        targets.forEach(
                (name, type) -> columns.append(", ").append(name).append(' ').append(type));
        database.execute("CREATE TABLE t.items (" + columns + ")");
        for (int i = 0; i < values.size(); i++) {
            database.execute("INSERT INTO t.items VALUES (" + i + ", " + ColumnTypes.literal(values.get(i)) + ")");
        }
        database.execute("INSERT INTO t.items VALUES (100)");
        for (String name : targets.keySet()) {
            want(name, "copyColumn", "source", "{\"from\": \"source\", \"to\": \"" + name + "\"}");
        }

        compare(source, targets);
    }

    @Test
    void fillsEachTypeAsAnUpdateDoes() {
        List<String> types = ColumnTypes.all();
        List<String> texts =
                new ArrayList<>(List.of("XXX", "", "abcd", "t", "\\", "it's", "{abc}", "{1010}", "-1.005"));
        types.forEach(type -> texts.addAll(ColumnTypes.valuesOf(type)));
        Map<String, String> columns = new LinkedHashMap<>();
        IntStream.range(0, types.size()).forEach(i -> columns.put("c" + i, types.get(i)));
        for (int round = 0; round < (LongBuild.IS_ON ? texts.size() : ROUNDS); round++) {
            StringBuilder table = new StringBuilder("id bigint PRIMARY KEY");
            columns.forEach(
                    (name, type) -> table.append(", ").append(name).append(' ').append(type));
            database.execute("CREATE TABLE t.items (" + table + "); INSERT INTO t.items VALUES (1), (2)");
            for (Map.Entry<String, String> column : columns.entrySet()) {
                List<String> own = ColumnTypes.valuesOf(column.getValue());
                String text = LongBuild.IS_ON
                        ? texts.get(round)
                        : round == 0 ? own.get(own.size() - 1) : texts.get(random.nextInt(texts.size()));
                want(
                        column.getKey(),
                        "fillColumn",
                        ColumnTypes.literal(text),
                        JSON.createObjectNode()
                                .put("column", column.getKey())
                                .put("value", text)
                                .toString());
            }
            compare("a text", columns);
        }
    }

    private void want(String target, String signature, String value, String arguments) {
        database.column(
                "INSERT INTO t.wanted VALUES (?, ?, ?) RETURNING target",
                target,
                value,
                signature.equals("fillColumn") ? target + " IS NOT DISTINCT FROM NULL" : "true");
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named(target)
                        .work(signature, arguments)
                        .table("t.items")
                        .byKey("id")
                        .batchSize(100)
                        .build());
    }

    @AfterEach
    void fails() {
        softly.assertAll();
    }

    private void compare(String source, Map<String, String> columns) {
        database.execute(
                "CREATE TABLE t.plain (LIKE t.items INCLUDING ALL); INSERT INTO t.plain SELECT * FROM t.items");
        database.execute(ORACLE);

        fixture.drain(Map.of());

        for (Map.Entry<String, String> column : columns.entrySet()) {
            String name = column.getKey();
            String what = "seed %d: %s to %s: %s"
                    .formatted(SEED, source, column.getValue(), fixture.of(name, "failure_message"));
            softly.assertThat(database.column(
                            "SELECT i.id || ': ' || coalesce(i.%1$s::text, 'NULL') || ' and not ' || coalesce(p.%1$s::text, 'NULL')"
                                            .formatted(name)
                                    + " FROM t.items i JOIN t.plain p USING (id) WHERE record_image_ne(ROW(i.%1$s), ROW(p.%1$s))"
                                            .formatted(name)))
                    .as(what)
                    .isEmpty();
            List<String> refused = database.column("SELECT id FROM t.refused WHERE target = ? ORDER BY id", name);
            boolean all = refused.size() == database.number("SELECT count(*) FROM t.items");
            String code = all ? "13" : refused.isEmpty() ? "null" : "15";
            softly.assertThat(fixture.of(name, "failure_error_code")).as(what).isEqualTo(code);
            softly.assertThat(database.column("""
                    SELECT q.row_key ->> 'id'
                    FROM batched_background_migration_quarantined_rows q
                    JOIN batched_background_migrations m ON m.id = q.batched_background_migration_id
                    WHERE m.name = ?
                    ORDER BY (q.row_key ->> 'id')::bigint
                    """, name)).as(what).isEqualTo(all ? List.of() : refused);
            if (all) {
                softly.assertThat(fixture.jobs(name, "1")).as(what).isEmpty();
            }
        }
        database.execute("""
                DROP TABLE t.items, t.plain;
                TRUNCATE t.wanted, t.refused;
                DELETE FROM batched_background_migrations
                """);
    }
}
