package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** How people read and change budgets and priorities. */
@ExtendWith(PostgresExtension.class)
class BudgetsTest {
    private final EngineFixture fixture;
    private final TestDatabase database;
    private final Budgets budgets;
    private final MigrationStore store;

    BudgetsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        this.budgets = fixture.engine(Map.of()).budgets();
        this.store = fixture.engine(Map.of()).store();
    }

    @Test
    void listsWhatIsShipped() {
        assertThat(budgets.list())
                .containsExactly(
                        new Budget(Subject.FLEET, Limit.of(2), Limit.UNLIMITED, Limit.DEFAULT),
                        new Budget(Subject.EACH_MIGRATION, Limit.of(2), Limit.UNLIMITED, Limit.DEFAULT),
                        new Budget(Subject.EACH_TABLE, Limit.of(2), Limit.DEFAULT, Limit.of(1)));
    }

    @Test
    void changesOneValueAndLeavesTheOthers() {
        fixture.items(1, 1).queueItems("m", ItemsWork.ADD_ONE, 1);
        Subject subject = Subject.migration("m");

        assertThat(budgets.set(subject, Change.batchJobs(Limit.of(5))))
                .isEqualTo(new Budget(subject, Limit.of(5), Limit.DEFAULT, Limit.DEFAULT));
        assertThat(budgets.set(subject, Change.rowsPerSecond(Limit.UNLIMITED)))
                .isEqualTo(new Budget(subject, Limit.of(5), Limit.UNLIMITED, Limit.DEFAULT));
        assertThat(budgets.set(subject, Change.rowsPerSecond(Limit.UNLIMITED)).batchJobs())
                .as("the same again")
                .isEqualTo(Limit.of(5));
        assertThat(budgets.list()).hasSize(4);

        assertThat(budgets.clear(subject)).isTrue();
        assertThat(budgets.clear(subject)).isFalse();
        assertThat(budgets.list()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
            fleet,     *,          3,         -,         -
            fleet,     *,          unlimited, 700,       -
            migration, *,          -,         unlimited, -
            migration, m,          0,         -,         -
            migration, m,          -,         unlimited, -
            table,     *,          -,         -,         7
            table,     t.items,    1,         -,         default
            """)
    void foretellsWhatAChangeMakesOfABudget(String scope, String name, String jobs, String rows, String migrations) {
        fixture.items(1, 1).queueItems("m", ItemsWork.ADD_ONE, 1);
        Subject subject = new Subject(Budget.Scope.valueOf(scope.toUpperCase(java.util.Locale.ROOT)), name);
        Change change = new Change(limit(jobs), limit(rows), limit(migrations));
        List<Budget> before = budgets.list();

        Budget first = budgets.preview(subject, change);
        assertThat(budgets.list()).as("nothing is changed").isEqualTo(before);
        assertThat(budgets.set(subject, change)).isEqualTo(first);
        assertThat(budgets.set(subject, Change.batchJobs(Limit.of(9)))).isNotEqualTo(first);
        Budget second = budgets.preview(subject, change);
        assertThat(budgets.set(subject, change)).isEqualTo(second);
        if (!subject.isDefault()) {
            assertThat(budgets.previewClear(subject)).isTrue();
            assertThat(budgets.clear(subject)).isTrue();
            assertThat(budgets.previewClear(subject)).isFalse();
        }
    }

    @Test
    void takesTheRootForAPartitionAndQuotesIt() {
        database.execute("""
                CREATE TABLE t."Odd parts" (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE t.part_1 PARTITION OF t."Odd parts" FOR VALUES FROM (1) TO (10)
                """);

        Budget budget = budgets.set(Subject.table("t.part_1"), Change.migrations(Limit.of(3)));

        assertThat(budget.subject().name()).isEqualTo("t.\"Odd parts\"");
        assertThat(budgets.preview(Subject.table("t.part_1"), Change.migrations(Limit.of(3))))
                .isEqualTo(budget);
        assertThat(budgets.previewClear(Subject.table("t.part_1"))).isTrue();
        assertThat(budgets.clear(Subject.table("t.part_1"))).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            fleet     | 1001 |            |      | batch jobs is 1001, allowed is 0 to 1000 or 'unlimited'; nothing was changed
            migration |      | 0          |      | rows per second is 0, allowed is 1 to 1000000000 or 'unlimited'; nothing was changed
            migration |      | 1000000001 |      | rows per second is 1000000001, allowed is 1 to 1000000000 or
            table     |      |            | 0    | migrations is 0, allowed is 1 to 1000 or 'unlimited'
            table     |      | 5          |      | a table's budget cannot limit rows per second
            fleet     |      |            | 5    | only a table's budget can limit migrations
            fleet     | default |         |      | this is the default itself; allowed is 0 to 1000 or 'unlimited'
            """)
    void refusesWhatIsOutOfRange(String scope, String jobs, String rows, String migrations, String message) {
        Subject subject = new Subject(Budget.Scope.valueOf(scope.toUpperCase(java.util.Locale.ROOT)), Subject.EACH);
        Change change = new Change(limit(jobs), limit(rows), limit(migrations));

        assertThatThrownBy(() -> budgets.set(subject, change))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        assertThatThrownBy(() -> budgets.preview(subject, change)).hasMessageContaining(message);
        assertThat(budgets.list().get(0).batchJobs()).isEqualTo(Limit.of(2));
    }

    @Test
    void refusesUnknownNames() {
        fixture.items(1, 1).queueItems("copy_things", ItemsWork.ADD_ONE, 1);

        assertThatThrownBy(() -> budgets.set(Subject.migration("copy_thing"), Change.batchJobs(Limit.of(1))))
                .isInstanceOf(UnknownMigrationException.class)
                .hasMessageContaining("copy_things");
        assertThatThrownBy(() -> budgets.set(Subject.table("t.nothing"), Change.batchJobs(Limit.of(1))))
                .hasMessage(
                        "there is no table 't.nothing' in this database; nothing was changed; write its name like public.users");
        assertThatThrownBy(() -> budgets.preview(Subject.migration("copy_thing"), Change.batchJobs(Limit.of(1))))
                .isInstanceOf(UnknownMigrationException.class);
        assertThatThrownBy(() -> budgets.clear(Subject.FLEET)).hasMessageContaining("cannot be removed");
        assertThatThrownBy(() -> budgets.previewClear(Subject.FLEET)).hasMessageContaining("cannot be removed");
        assertThatThrownBy(() -> Limit.parse("lots"))
                .hasMessage("'lots' is not a limit; give a number, 'unlimited' or 'default'");
    }

    @Test
    void setsPriorities() {
        fixture.items(1, 1).queueItems("m", ItemsWork.ADD_ONE, 1);

        assertThat(store.setPriority("m", 7)).isTrue();
        assertThat(store.setPriority("m", 7)).isFalse();
        assertThat(fixture.of("m", "priority")).isEqualTo("7");
        assertThatThrownBy(() -> store.setPriority("m", 32768))
                .hasMessage("priority is 32768, allowed is -32768 to 32767; nothing was changed");
        assertThatThrownBy(() -> store.setPriority("n", 1)).isInstanceOf(UnknownMigrationException.class);
    }

    @Test
    void theTableRefusesWhatTheCodeRefuses() {
        for (String change : List.of("batch_jobs = -2", "batch_jobs = 1001", "rows_per_second = 0")) {
            assertThatThrownBy(() -> database.execute(
                            "UPDATE batched_background_migration_budgets SET " + change + " WHERE scope = 'fleet'"))
                    .hasMessageContaining("check_batched_background_migration_budgets_values");
        }
        assertThatThrownBy(() -> database.execute(
                        "UPDATE batched_background_migration_budgets SET rows_per_second = 5 WHERE scope = 'table'"))
                .hasMessageContaining("check_batched_background_migration_budgets_rows_per_second");
    }

    @org.jspecify.annotations.Nullable
    private static Limit limit(@org.jspecify.annotations.Nullable String text) {
        return text == null ? null : Limit.parse(text);
    }
}
