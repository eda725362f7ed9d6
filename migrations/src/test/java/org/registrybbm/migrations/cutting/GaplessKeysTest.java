package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Keys that follow one another without a gap are not walked to find where a sub-batch ends. */
@ExtendWith(PostgresExtension.class)
class GaplessKeysTest {
    private static final Map<String, WorkFunction> DELETE = Map.of(
            "delete",
            context -> context.execute("DELETE FROM %s WHERE %s AND id %% 2 = 0"
                    .formatted(context.table(), context.batch().predicate())));

    private final TestDatabase database;
    private final EngineFixture fixture;

    GaplessKeysTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(1, 1);
    }

    @ParameterizedTest(name = "[{index}] {0}, {1}")
    @CsvSource(delimiter = '|', textBlock = """
            every key                           | SELECT                                                    | 4
            a gap in the middle                 | DELETE FROM t.items WHERE id BETWEEN 4010 AND 4500        | 9
            a gap at once                       | DELETE FROM t.items WHERE id = 7                          | 4
            every other key                     | DELETE FROM t.items WHERE id % 2 = 0                      | 7
            from far below zero                 | UPDATE t.items SET id = id - 9223372036854775807          | 4
            with a key that is not unique       | ALTER TABLE t.items DROP CONSTRAINT items_pkey; CREATE INDEX ON t.items (id)                             | 12
            """)
    @Sample(oneOf = 3)
    void coversEachRowOnceAndCountsIt(String name, String change, int walks) {
        fixture.items(1, 10_000);
        database.execute(change);
        long rows = database.number("SELECT count(*) FROM t.items");
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 100_000, 1_000);

        StatementLog log = run(Map.of());

        fixture.assertEachItemChangedOnce();
        assertThat(fixture.jobs("m", "j.covered_tuple_count || ' ' || j.migrated_tuple_count"))
                .first()
                .isEqualTo(rows + " " + rows);
        assertThat(walks(log)).as("walks of the key").isEqualTo(walks);
    }

    @Test
    void doesNotTakeAKeyForARowWhereManyShareOne() {
        fixture.items(1, 0);
        database.execute("""
                ALTER TABLE t.items DROP CONSTRAINT items_pkey;
                CREATE INDEX ON t.items (id);
                INSERT INTO t.items (id) SELECT CASE WHEN i <= 2000 THEN i ELSE 2000 + i / 500 END
                FROM generate_series(1, 10000) i
                """);
        fixture.queue("largest", null, "id", 100_000, 1_000);

        AtomicLong largest = new AtomicLong();
        run(Map.of("largest", context -> {
            long changed = ItemsWork.addOne(context);
            largest.accumulateAndGet(changed, Math::max);
            return changed;
        }));

        assertThat(largest).hasValueLessThan(2_000);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void goesOnWalkingWhereTheWorkDeletesRows() {
        fixture.items(1, 10_000);
        fixture.queue("delete", null, "id", 100_000, 1_000);

        StatementLog log = run(DELETE);

        assertThat(walks(log)).as("walks of the key").isEqualTo(11);
        assertThat(database.number("SELECT count(*) FROM t.items WHERE id % 2 = 0"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM t.items")).isEqualTo(5_000);
    }

    private StatementLog run(Map<String, WorkFunction> functions) {
        StatementLog log = new StatementLog(database);
        assertThat(EngineFixture.engine(log, EngineFixture.SETTINGS, functions)
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .isComplete())
                .isTrue();
        return log;
    }

    /** One of them cuts the batch job, and one finds its end. The first sub-batch of a range without a beginning tells nothing. */
    private static long walks(StatementLog log) {
        return log.statements().stream()
                .filter(statement -> statement.contains("AS nth"))
                .count();
    }
}
