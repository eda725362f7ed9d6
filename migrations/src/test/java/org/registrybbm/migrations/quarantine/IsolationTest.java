package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.CountedStatements;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * Rows that fail are separated within bounds: one transaction takes few savepoints, as past 64 of them every snapshot of the server gets
 * slower, and no list of rows grows with the table.
 */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class IsolationTest {
    private static final String WORK = "work";
    private static final int MOST_SAVEPOINTS = 50;
    private static final int MOST_ROWS = 10_001;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final CountedStatements counted;

    IsolationTest(TestDatabase database) {
        this.database = database;
        this.counted = new CountedStatements(database);
        this.fixture = EngineFixture.clean(database);
    }

    /** Makes {@code t.items}, of whose rows some refuse to be changed. */
    private void items(int rows, String key, String bad, String constraint) {
        database.execute("""
                CREATE TABLE t.items (
                    id bigint NOT NULL, k int NOT NULL, bad boolean NOT NULL, v int, n int NOT NULL DEFAULT 0,
                    CHECK (NOT bad OR n = 0) %s
                );
                INSERT INTO t.items (id, k, bad) SELECT i, %s, %s FROM generate_series(1, %d) i;
                CREATE INDEX ON t.items (k);
                CREATE INDEX ON t.items (v) WHERE v IS NULL
                """.formatted(constraint, key, bad, rows));
    }

    private void queue(String work, @Nullable String strategy, String column, int quarantineLimit) {
        fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration(
                        "m", work, "t.items", column, strategy, Long.MIN_VALUE, Long.MAX_VALUE, 5_000, null));
        database.execute("UPDATE batched_background_migrations SET batch_size_fixed = true, quarantine_limit = "
                + quarantineLimit);
    }

    private void drain(WorkFunction work) {
        BatchedMigrations engine = EngineFixture.engine(counted, EngineFixture.SETTINGS, Map.of(WORK, work));
        for (int turn = 0; turn < 100; turn++) {
            Planner.Plan plan = engine.planner().plan();
            if (plan.active() == 0) {
                return;
            }
            plan.due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
    }

    private void assertOnlyBadOnesAreLeft(int bad) {
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("failure_sqlstate")).hasSize(bad).containsOnly("23514");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> CASE WHEN bad THEN 0 ELSE 1 END"))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "ranges",
            value = {
                "ranges, id, true, 300",
                "ranges, id, i % 20 = 7, 15",
                "ranges, k, i % 3 = 0, 100",
                "NullKeySetBatchingStrategy, v, i % 3 = 0, 100",
                "BlockBatchingStrategy, '', i % 3 = 0, 100"
            })
    @Sample(oneOf = 2)
    void takesFewSavepointsATransactionHoweverManyRowsFail(String strategy, String column, String bad, int count) {
        items(300, "i / 7", bad, ", PRIMARY KEY (id)");
        queue(WORK, strategy, column, 300);

        drain(ItemsWork.DO_ONE);

        assertOnlyBadOnesAreLeft(count);
        assertThat(counted.mostSavepoints()).isBetween(2, MOST_SAVEPOINTS);
    }

    @Test
    void separatesAFewOfManyRowsInFewTransactionsAndTellsOnce() {
        items(2_000, "i", "i = 1777", ", PRIMARY KEY (id)");
        queue(ItemsWork.ADD_ONE, null, "id", 100);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_min = 2000");

        drain(ItemsWork.DO_ONE);

        assertOnlyBadOnesAreLeft(1);
        assertThat(counted.mostSavepoints()).isBetween(2, MOST_SAVEPOINTS);
        assertThat(database.column("SELECT old_value || ' ' || new_value FROM batched_background_migration_events"
                        + " WHERE event = 'sub_batch_size' ORDER BY id"))
                .containsExactly("2000 1000");
    }

    @ParameterizedTest
    @CsvSource({"id", "'k, id'"})
    void separatesOneOfManyRowsOfOneKeyWithoutAListOfThem(String primaryKey) {
        int rows = Integer.getInteger("isolation.rows", 15_000);
        items(rows, "5", "i = " + (rows - 7), ", PRIMARY KEY (" + primaryKey + ")");
        queue(ItemsWork.ADD_ONE, null, "k", 100);

        drain(ItemsWork.DO_ONE);

        assertOnlyBadOnesAreLeft(1);
        assertThat(fixture.quarantine("row_key ->> 'id'")).containsExactly(String.valueOf(rows - 7));
        assertThat(counted.mostRows()).isLessThanOrEqualTo(MOST_ROWS);
        assertThat(counted.mostSavepoints()).isBetween(2, MOST_SAVEPOINTS);
    }

    @Test
    void separatesSeveralOfManyRowsOfOneKeyInSeveralTransactions() {
        items(8_000, "5", "i % 1000 = 1", ", PRIMARY KEY (id)");
        queue(ItemsWork.ADD_ONE, null, "k", 100);

        drain(ItemsWork.DO_ONE);

        assertOnlyBadOnesAreLeft(8);
        assertThat(counted.mostSavepoints()).isBetween(2, MOST_SAVEPOINTS);
    }

    @Test
    void changesNoRowTwiceThatTheWorkGivesAnotherPrimaryKey() {
        items(3_000, "5", "i = 2999", ", PRIMARY KEY (id)");
        queue(WORK, null, "k", 100);

        drain(context -> context.update("n = n + 1, id = id + 1000000"));

        assertThat(database.number("SELECT max(n) FROM t.items")).isLessThanOrEqualTo(1);
        assertThat(fixture.of("m", "failure_message")).contains("rows of t.items were given another id");
    }

    @Test
    void separatesARowOfManyOfOneKeyWhereTheWorkDeletesTheOthers() {
        items(3_000, "5", "i = 2999", ", PRIMARY KEY (id)");
        database.execute("""
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                CREATE TRIGGER refuse BEFORE DELETE ON t.items FOR EACH ROW WHEN (old.bad) EXECUTE FUNCTION t.refuse()
                """);
        queue(WORK, null, "k", 100);

        drain(context -> ItemsWork.update(
                context.connection(),
                "DELETE FROM " + context.table() + " WHERE " + context.batch().predicate()));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("row_key ->> 'id'")).containsExactly("2999");
        assertThat(database.column("SELECT id FROM t.items")).containsExactly("2999");
    }

    @ParameterizedTest
    @CsvSource({"'', 2000, 15", "'', 11000, 0", "', s float GENERATED ALWAYS AS (id) STORED PRIMARY KEY', 11000, 0"})
    @Sample(oneOf = 3)
    void refusesManyRowsOfOneKeyOnlyWhereNoKeyTakesThemInParts(String constraint, int rows, int code) {
        items(rows, "5", "i = 1777", constraint);
        queue(ItemsWork.ADD_ONE, null, "k", 100);

        drain(ItemsWork.DO_ONE);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo(String.valueOf(code));
        if (code == 0) {
            assertThat(fixture.of("m", "failure_message"))
                    .startsWith("more than 10000 rows of t.items share one key")
                    .contains("Give it a primary key");
            assertThat(fixture.quarantine("1")).isEmpty();
            assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
        } else {
            assertOnlyBadOnesAreLeft(1);
        }
        assertThat(counted.mostRows()).isLessThanOrEqualTo(MOST_ROWS);
    }

    @Test
    void verifiesManyRowsOfOneKeyWithoutAListOfThem() {
        int rows = Integer.getInteger("isolation.rows", 15_000);
        items(rows, "5", "false", ", PRIMARY KEY (id)");
        queue(WORK, null, "k", 100);
        drain(ItemsWork.DO_ONE);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);

        database.execute("UPDATE t.items SET v = NULL, n = 0");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        drain(ItemsWork.DO_ONE);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> 1 OR v IS NULL"))
                .isZero();
        assertThat(counted.mostRows()).isLessThanOrEqualTo(MOST_ROWS);
    }

    @Test
    void obeysAPauseBeforeItHasSeparatedAllRows() {
        items(200, "i", "true", ", PRIMARY KEY (id)");
        queue(WORK, null, "id", 200);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction pausing = context -> {
            if (calls.incrementAndGet() == 5) {
                fixture.setStatus("m", MigrationStatus.PAUSED);
            }
            return ItemsWork.DO_ONE.migrate(context);
        };
        BatchedMigrations engine = EngineFixture.engine(counted, EngineFixture.SETTINGS, Map.of(WORK, pausing));

        engine.runToEnd(List.of(), StopSignal.NEVER);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(calls.get()).isLessThan(100);
        assertThat(fixture.quarantine("1")).hasSizeBetween(1, 50);
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        drain(ItemsWork.DO_ONE);
        assertOnlyBadOnesAreLeft(200);
    }

    @Test
    void obeysAPauseBeforeItHasFoundTheRowAmongManyOfOneKey() {
        items(3_000, "5", "i = 2999", ", PRIMARY KEY (id)");
        queue(WORK, null, "k", 100);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_max = 1");
        EngineSettings hasty = EngineFixture.SETTINGS.toBuilder()
                .batchTarget(Duration.ofSeconds(30))
                .subBatchTarget(Duration.ofMillis(10))
                .build();
        AtomicInteger afterwards = new AtomicInteger();
        WorkFunction pausing = context -> {
            if (fixture.status("m") == MigrationStatus.PAUSED) {
                afterwards.incrementAndGet();
            } else if (counted.mostSavepoints() > 2) {
                fixture.setStatus("m", MigrationStatus.PAUSED);
                // Longer than a search may take that has found something.
                database.text("SELECT pg_sleep(0.03)");
            }
            return ItemsWork.DO_ONE.migrate(context);
        };

        EngineFixture.engine(counted, hasty, Map.of(WORK, pausing)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(afterwards).hasValue(0);
        assertThat(fixture.quarantine("1")).isEmpty();
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        drain(ItemsWork.DO_ONE);
        assertOnlyBadOnesAreLeft(1);
    }
}
