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
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A definition that somebody edits when rows have been changed by it: no row is changed twice, none is left out without a word. */
@ExtendWith(PostgresExtension.class)
class DefinitionEditedTest {
    private static final String WORK = "work";
    private static final String ADD_ONE_TOO = "addOneToo";

    private final Lab lab;
    private final TestDatabase database;

    DefinitionEditedTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
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
                ? Map.of(WORK, Lab.DO_ONE, ADD_ONE_TOO, Lab.DO_ONE)
                : Map.of(WORK, Lab::addOne, ADD_ONE_TOO, Lab::addOne);
    }

    /** Runs one batch job of four, edits, and goes on. */
    private void editInMidRun(boolean saysWhatIsPending, String edit) {
        lab.queue(WORK, null, "id", 500, 200);
        BatchedMigrations engine = lab.engine(work(saysWhatIsPending));
        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
        database.execute("UPDATE batched_background_migrations SET " + edit);
        lab.drain(work(saysWhatIsPending));
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
    void isRefusedWhereNothingTellsWhichRowsAreDone(String edit, String text) {
        editInMidRun(false, edit);

        assertThat(lab.of("m", "failure_error_code")).isEqualTo("22");
        assertThat(lab.of("m", "failure_message")).startsWith(text).contains("set it back and retry");
        assertThat(database.number("SELECT max(n) FROM t.items")).isEqualTo(1);
        assertThat(database.number("SELECT sum(n) FROM t.others")).isZero();

        database.execute("""
                UPDATE batched_background_migrations
                SET column_name = 'id', table_name = 't.items', job_signature_name = 'work', arguments = NULL, status = 1
                """);
        assertThat(lab.drain(work(false)).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
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
    void startsAnewWhereTheWorkFunctionTellsWhichRowsAreDone(String edit) {
        editInMidRun(true, edit);

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FINISHED);
        lab.assertEachItemChangedOnce();
        assertThat(lab.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
        assertThat(lab.engine(Map.of()).eventLog().newest("m", 100))
                .filteredOn(event -> event.event().equals("restarted"))
                .hasSize(1);
    }

    @Test
    void goesOnWithAnotherTableWhereItSaysWhatIsPending() {
        editInMidRun(true, "table_name = 't.others'");

        assertThat(lab.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.column("SELECT DISTINCT n FROM t.others")).containsExactly("1");
        assertThat(database.number("SELECT max(n) FROM t.items")).isEqualTo(1);
    }

    @Test
    void isNoMatterBeforeAnyRowWasChanged() {
        lab.queue(WORK, null, "id", 500, 200);
        assertThat(lab.engine(work(false)).planner().plan().due()).isNotEmpty();
        database.execute(
                "UPDATE batched_background_migrations SET column_name = 'name', job_signature_name = 'addOneToo'");

        assertThat(lab.drain(work(false)).isComplete()).isTrue();

        lab.assertEachItemChangedOnce();
    }

    @Test
    void isSeenByAWorkerWhoseBatchJobWasHandedOutBefore() {
        lab.queue(WORK, null, "id", 500, 200);
        BatchedMigrations engine = lab.engine(work(false));
        var due = engine.planner().plan().due();
        engine.runner().run(due.get(0), StopSignal.NEVER);
        database.execute("UPDATE batched_background_migrations SET column_name = 'other'");

        assertThat(engine.runner().run(due.get(1), StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.HandedBack(due.get(1), BatchOutcome.Reason.DEFINITION_CHANGED));

        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(500);
    }
}
