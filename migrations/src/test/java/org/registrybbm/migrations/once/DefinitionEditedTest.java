package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A definition that somebody edits when rows have been changed by it: no row is changed twice, none is left out without a word. */
@ExtendWith(PostgresExtension.class)
class DefinitionEditedTest {
    private static final String WORK = "work";
    private static final String ADD_ONE_TOO = "addOneToo";

    private final EngineFixture fixture;
    private final TestDatabase database;

    DefinitionEditedTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        create("t.items");
        create("t.others");
        database.execute("CREATE INDEX ON t.items (v) WHERE v IS NULL");
    }

    private void create(String table) {
        database.execute("""
                CREATE TABLE %1$s (
                    id bigint PRIMARY KEY, other bigint UNIQUE NOT NULL, name text UNIQUE NOT NULL, n int NOT NULL DEFAULT 0, v bigint
                );
                INSERT INTO %1$s (id, other, name) SELECT i, 2001 - i, 'n' || i FROM generate_series(1, 2000) i
                """.formatted(table));
    }

    private Map<String, WorkFunction> work(boolean saysWhatIsPending) {
        return saysWhatIsPending
                ? Map.of(WORK, ItemsWork.DO_ONE, ADD_ONE_TOO, ItemsWork.DO_ONE)
                : Map.of(WORK, ItemsWork::addOne, ADD_ONE_TOO, ItemsWork::addOne);
    }

    /** Runs one batch job of four, edits, and goes on. */
    private void editInMidRun(boolean saysWhatIsPending, String edit) {
        fixture.queue(WORK, null, "id", 500, 200);
        BatchedMigrations engine = fixture.engine(work(saysWhatIsPending));
        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
        database.execute("UPDATE batched_background_migrations SET " + edit);
        fixture.drain(work(saysWhatIsPending));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "column_name = 'other' | 'column' of its definition was 'id' and is now 'other'",
                "column_name = 'name' | 'column' of its definition was 'id' and is now 'name'",
                "table_name = 't.others' | 'table' of its definition was 't.items' and is now 't.others'",
                "job_signature_name = 'addOneToo' | 'signature' of its definition was 'work' and is now 'addOneToo'",
                "arguments = '{}' | 'arguments' of its definition was NULL and is now '{}'",
            })
    @Sample(oneOf = 2)
    void isRefusedWhereNothingTellsWhichRowsAreDone(String edit, String text) {
        editInMidRun(false, edit);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("22");
        assertThat(fixture.of("m", "failure_message")).startsWith(text).contains("set it back and retry");
        assertThat(database.number("SELECT max(n) FROM t.items")).isEqualTo(1);
        assertThat(database.number("SELECT sum(n) FROM t.others")).isZero();

        database.execute("""
                UPDATE batched_background_migrations
                SET column_name = 'id', table_name = 't.items', job_signature_name = 'work', arguments = NULL, status = 1
                """);
        assertThat(fixture.drain(work(false)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "column_name = 'other'",
                "column_name = 'name'",
                "column_name = 'v', batching_strategy = 'NullKeySetBatchingStrategy'",
                "batching_strategy = 'BlockBatchingStrategy'",
                "batching_strategy = 'PredicateBatchingStrategy'",
                "job_signature_name = 'addOneToo'",
                "arguments = '{}'",
            })
    @Sample(oneOf = 3)
    void startsAnewWhereTheWorkFunctionTellsWhichRowsAreDone(String edit) {
        editInMidRun(true, edit);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
        assertThat(fixture.engine(Map.of()).eventLog().newest("m", 100))
                .filteredOn(event -> event.event().equals("restarted"))
                .hasSize(1);
    }

    @Test
    void goesOnWithAnotherTableWhereItSaysWhatIsPending() {
        editInMidRun(true, "table_name = 't.others'");

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.column("SELECT DISTINCT n FROM t.others")).containsExactly("1");
        assertThat(database.number("SELECT max(n) FROM t.items")).isEqualTo(1);
    }

    @Test
    void isNoMatterBeforeAnyRowWasChanged() {
        fixture.queue(WORK, null, "id", 500, 200);
        assertThat(fixture.engine(work(false)).planner().plan().due()).isNotEmpty();
        database.execute(
                "UPDATE batched_background_migrations SET column_name = 'name', job_signature_name = 'addOneToo'");

        assertThat(fixture.drain(work(false)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void isSeenByAWorkerWhoseBatchJobWasHandedOutBefore() {
        fixture.queue(WORK, null, "id", 500, 200);
        BatchedMigrations engine = fixture.engine(work(false));
        var due = engine.planner().plan().due();
        engine.runner().run(due.get(0), StopSignal.NEVER);
        database.execute("UPDATE batched_background_migrations SET column_name = 'other'");

        assertThat(engine.runner().run(due.get(1), StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.HandedBack(due.get(1), BatchOutcome.Reason.DEFINITION_CHANGED));

        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(500);
    }
}
