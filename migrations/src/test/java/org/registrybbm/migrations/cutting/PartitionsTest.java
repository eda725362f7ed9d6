package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A partitioned table is one migration, which walks its leaves one by one. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class PartitionsTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    PartitionsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    static Stream<String> partitions() {
        return Stream.of(
                PartitionedItems.HALVES,
                "LIST (p); CREATE TABLE t.one PARTITION OF t.items FOR VALUES IN (1);"
                        + " CREATE TABLE t.rest PARTITION OF t.items DEFAULT",
                "HASH (id); CREATE TABLE t.h0 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                        + " CREATE TABLE t.h1 PARTITION OF t.items FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
                "RANGE (p); CREATE TABLE t.low PARTITION OF t.items FOR VALUES FROM (0) TO (5) PARTITION BY HASH (id);"
                        + " CREATE TABLE t.low0 PARTITION OF t.low FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                        + " CREATE TABLE t.low1 PARTITION OF t.low FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
                        + " CREATE TABLE t.\"Odd, one\" (gone text, n int NOT NULL DEFAULT 0, v int, id bigint NOT NULL,"
                        + " p int NOT NULL, k text NOT NULL);"
                        + " ALTER TABLE t.\"Odd, one\" DROP COLUMN gone;"
                        + " ALTER TABLE t.items ATTACH PARTITION t.\"Odd, one\" FOR VALUES FROM (5) TO (10)");
    }

    @ParameterizedTest
    @MethodSource("partitions")
    @Sample(oneOf = 2)
    void changesEachRowOnceByEachStrategy(String partitions) {
        for (String[] strategy : new String[][] {
            {null, "k"},
            {null, "id"},
            {"NullKeySetBatchingStrategy", "v"},
            {"PredicateBatchingStrategy", ""},
            {"BlockBatchingStrategy", ""}
        }) {
            EngineFixture.clean(database);
            PartitionedItems.create(database, partitions);
            database.execute("ANALYZE t.items");
            fixture.queue(WORK, strategy[0], strategy[1], 300, 70);

            assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete())
                    .isTrue();

            fixture.assertEachItemChangedOnce();
            assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
            MigrationOverview overview =
                    fixture.engine(Map.of()).status().overviews(List.of()).get(0);
            assertThat(overview.migratedTupleCount()).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @CsvSource({",id", "NullKeySetBatchingStrategy,v"})
    void goesOnOverTheParentWhereTheContainerRegistryBegan(String strategy, String column) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(WORK, strategy, column, 100, 70);
        if (strategy == null) {
            database.execute("UPDATE t.items SET n = 1, v = 1 WHERE id <= 200");
            database.execute("UPDATE batched_background_migrations SET min_value = 1, max_value = 1000");
        } else {
            // Each row that is done lies in its partition where one lies in the other that is not.
            database.execute("""
                    TRUNCATE t.items;
                    INSERT INTO t.items (p, k, id, n, v)
                    SELECT i % 10, i, i, (i % 10 < 5)::int, CASE WHEN i % 10 < 5 THEN 1 END
                    FROM generate_series(1, 500) i
                    """);
        }
        database.execute("""
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status)
                SELECT m.id, CASE WHEN min_value = 1 THEN first ELSE 0 END, CASE WHEN min_value = 1 THEN last ELSE 0 END, j.status
                FROM batched_background_migrations m, (VALUES (1, 100, 2), (101, 200, 2), (201, 300, 1)) AS j (first, last, status)
                """);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void quarantinesTheRowOfOnePartitionOnly() {
        PartitionedItems.create(
                database, PartitionedItems.HALVES + "; ALTER TABLE t.high ADD CHECK (n = 0 OR id <> 206)");
        fixture.queue(WORK, "BlockBatchingStrategy", "", 5_000, 1_000);
        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("table_name")).containsExactly("t.high");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1")).containsExactly("206");
    }
}
