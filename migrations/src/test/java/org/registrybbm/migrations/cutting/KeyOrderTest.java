package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A key whose order changes in mid-run, so that its cursors mean nothing any more. */
@ExtendWith(PostgresExtension.class)
class KeyOrderTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    KeyOrderTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** Half of the keys in capitals, which stand before or between the others. */
    private void runHalf(String type, WorkFunction work) {
        database.execute("""
                CREATE TABLE t.items (id %s PRIMARY KEY, n int NOT NULL DEFAULT 0, v bigint);
                INSERT INTO t.items (id)
                SELECT %s FROM generate_series(1, 200) i
                """.formatted(
                type, type.startsWith("text") ? "chr(65 + i %% 2 * 32 + i / 10) || i".replace("%%", "%") : "i"));
        fixture.limits(1, 1);
        fixture.queue(WORK, null, "id", 20, 20);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, work));
        for (int turn = 0; turn < 5; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        assertThat(database.number("SELECT sum(n) FROM t.items")).isBetween(20L, 180L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text COLLATE \"C\" | text COLLATE \"und-x-icu\" | 'text C' and is now 'text und",
                "bigint | text COLLATE \"C\" | 'integer' and is now 'text C'",
                "bigint | numeric | 'integer' and is now 'numeric'"
            })
    void isRefusedWhereTheWorkDoesNotSayWhatIsPending(String pair) {
        String[] parts = pair.split(" \\| ");
        runHalf(parts[0], ItemsWork::addOne);

        database.execute("ALTER TABLE t.items ALTER COLUMN id TYPE " + parts[1]);
        fixture.drain(Map.of(WORK, ItemsWork::addOne));

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith("22 the order of its key was " + parts[2]);
        assertThat(database.column("SELECT DISTINCT n FROM t.items ORDER BY 1")).containsExactly("0", "1");
    }

    @Test
    void isNoticedByABatchJobThatStartsBeforeThePlannerCame() {
        runHalf("text COLLATE \"C\"", ItemsWork::addOne);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, ItemsWork::addOne));
        long job = engine.planner().plan().due().get(0);
        database.execute("ALTER TABLE t.items ALTER COLUMN id TYPE text COLLATE \"und-x-icu\"");

        assertThat(engine.runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.DEFINITION_CHANGED));
    }

    @Test
    void makesAMigrationStartAnewWhoseWorkSaysWhatIsPending() {
        runHalf("text COLLATE \"C\"", ItemsWork.DO_ONE);

        database.execute("ALTER TABLE t.items ALTER COLUMN id TYPE text COLLATE \"und-x-icu\"");

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    @ParameterizedTest
    @CsvSource({"int, bigint", "bigint, int", "text COLLATE \"C\", varchar(40) COLLATE \"C\""})
    @Sample(oneOf = 3)
    void mayHaveAnotherTypeThatIsSortedAlike(String before, String after) {
        runHalf(before, ItemsWork::addOne);

        database.execute("ALTER TABLE t.items ALTER COLUMN id TYPE " + after);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork::addOne)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }
}
