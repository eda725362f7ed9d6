package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Keys of several columns of which the first ones are the same in very many rows: a sub-batch reads its own rows only. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class CompositeKeyTest {
    private static final int ROWS = 40_000;
    private static final int SUB_BATCH = 100;

    private final EngineFixture fixture;
    private final TestDatabase database;

    CompositeKeyTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "int|text|1, 'a'|9000",
                "int|text|i % 3, (i % 2)::text|9000",
                "int|text|i / 150, 'a'|20000",
                "int|text|i, i::text|40000",
                "int|text COLLATE \"C\"|i % 3, (i % 2)::text|9000",
                "varchar(5) COLLATE \"POSIX\"|text|i % 3, 'a'|9000",
                "numeric|text|i % 3 + 0.50, (i % 2)::text|9000",
                "numeric|numeric|CASE i % 3 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 ELSE 'NaN' END, 1|9000",
                "text COLLATE t.loose|text|'a', (i % 2)::text|9000"
            })
    @Sample(oneOf = 3)
    void areWalkedWithoutReadingTheOtherRowsOfTheirPrefix(String tenant, String kind, String prefix, long pages) {
        database.execute(
                "CREATE COLLATION t.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
        database.execute("""
                CREATE TABLE t.items (tenant %s, kind %s, id bigint, n int NOT NULL DEFAULT 0)
                    WITH (fillfactor = 30, autovacuum_enabled = off);
                INSERT INTO t.items (tenant, kind, id) SELECT %s, i FROM generate_series(1, %d) i;
                ALTER TABLE t.items ADD PRIMARY KEY (tenant, kind, id);
                ANALYZE t.items
                """.formatted(tenant, kind, prefix, ROWS));
        fixture.queue(ItemsWork.ADD_ONE, null, "tenant, kind, id", 2_500, SUB_BATCH);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
        // A few times what it is on a quiet machine, and less than if each sub-batch read to the end of a value.
        // With 100 rows and three statements, a sub-batch walks down the index a few times and along one or two pages.
        assertThat(database.number("""
                        SELECT sum(idx_blks_hit + idx_blks_read) FROM pg_statio_user_indexes WHERE relid = 't.items'::regclass
                        """)).isLessThan(pages);
    }
}
