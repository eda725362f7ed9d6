package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.failure.FailureCode;
import org.registrybbm.migrations.internal.tables.Troubles;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PgServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A plan that fails is a state: it ends the migration, or it is tried again after a while, and says why meanwhile. */
@ExtendWith(PostgresExtension.class)
@Timeout(60)
class PlanFailuresTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    PlanFailuresTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"55000", "0A000", "54001", "2BP01", "3F000", "25001", "25P02", "22000", "23505", "P0001", "42P01"
            })
    @Sample(oneOf = 3)
    void endsTheMigrationAtOnceWhereARetryWouldMendNothing(String state) {
        RunResult result = raising(state).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.failed())
                .singleElement()
                .satisfies(failed -> assertThat(failed.failure()).isNotNull().satisfies(failure -> {
                    assertThat(failure.code()).isEqualTo(FailureCode.UNKNOWN);
                    assertThat(failure.sqlState()).isEqualTo(state);
                    assertThat(failure.errorClass()).isNotNull();
                }));
    }

    @Test
    void hasACodeForARightThatIsMissing() {
        assertThat(raising("42501").runToEnd(List.of(), StopSignal.NEVER).failed())
                .hasSize(1);

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_sqlstate"))
                .isEqualTo("20 42501");
    }

    @ParameterizedTest
    @ValueSource(strings = {"53200", "57014", "40001", "40P01", "55P03", "55006", "58030", "XX000"})
    void isTriedAgainWhereTheReasonMayPass(String state) {
        BatchedMigrations engine = raising(state);

        Planner.Plan plan = engine.planner().plan();

        assertThat(plan.active()).isEqualTo(1);
        assertThat(plan.stuck()).containsOnlyKeys("m");
        assertThat(fixture.of("m", "status || ' ' || plan_failures")).isEqualTo("1 1");
        assertThat(fixture.of("m", "plan_failure_message")).doesNotContain("secret");
        assertThat(explanation()).startsWith("could not be planned: ").contains("; the next try is at ");
    }

    @Test
    void waitsTwiceAsLongEachTimeUpToAMinute() throws SQLException {
        try (Connection other = lock()) {
            assertThat(plan()).isEmpty();
            assertThat(pause()).isBetween(0, 1_000);
            assertThat(plan()).as("too early").isEmpty();
            assertThat(fixture.of("m", "plan_failures")).isEqualTo("1");

            for (int[] times : new int[][] {{1, 2_000}, {2, 4_000}, {6, 60_000}, {5_000, 60_000}}) {
                database.execute(
                        "UPDATE batched_background_migrations SET plan_again_at = now(), plan_failures = " + times[0]);
                assertThat(plan()).isEmpty();
                assertThat(pause()).isBetween(times[1] / 2, times[1]);
            }
            assertThat(fixture.of("m", "plan_failures || ' ' || plan_failure_message"))
                    .startsWith("5001 t.items is locked by process ")
                    .contains(" of postgres), whose transaction began at ");
            other.rollback();
        }
        assertThat(plan()).as("too early").isEmpty();
        database.execute("UPDATE batched_background_migrations SET plan_again_at = now()");

        assertThat(plan()).isNotEmpty();
        assertThat(fixture.of("m", "plan_failures || ' ' || num_nulls(plan_failure_message, plan_again_at)"))
                .isEqualTo("0 2");
        assertThat(explanation()).startsWith("waits for a replica");
    }

    @Test
    void isForgottenByAnyChangeOfTheStatus() {
        List<Runnable> changes = List.of(
                () -> fixture.setStatus("m", MigrationStatus.PAUSED),
                () -> fixture.engine(Map.of()).store().pause(List.of()),
                () -> fixture.engine(Map.of()).store().startEvenFailed(List.of()),
                () -> fixture.engine(Map.of()).quarantine().retry(List.of()));
        for (Runnable change : changes) {
            database.execute("""
                    UPDATE batched_background_migrations SET status = 1;
                    UPDATE batched_background_migrations
                    SET plan_failures = 9, plan_failure_message = 'x', plan_again_at = now() + interval '1 minute'
                    """);
            assertThat(plan()).isEmpty();

            change.run();

            assertThat(fixture.of("m", "plan_failures || ' ' || num_nulls(plan_failure_message, plan_again_at)"))
                    .isEqualTo("0 2");
        }
    }

    @Test
    void harmsNoOtherMigrationOfTheSameTable() throws SQLException {
        database.execute("CREATE TABLE t.others AS SELECT * FROM t.items; ALTER TABLE t.others ADD PRIMARY KEY (id);"
                + "UPDATE batched_background_migrations SET job_signature_name = 'raising'");
        fixture.queueItems("behind", ItemsWork.ADD_ONE, 100);

        raising("55006").runToEnd(List.of("behind"), StopSignal.NEVER);

        assertThat(fixture.status("behind")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.ACTIVE);
    }

    @Test
    void endsARunThatHasNothingElseToDo() throws SQLException {
        BatchedMigrations engine = fixture.engine(Map.of());
        SynchronousRun run =
                new SynchronousRun(engine.store(), engine.planner(), engine.runner(), Duration.ofSeconds(1));
        try (Connection other = lock()) {
            assertThatThrownBy(() -> run.run(List.of(), StopSignal.NEVER))
                    .isInstanceOf(DatabaseException.class)
                    .hasMessageStartingWith(
                            "could not plan for 1 s, and nothing else is left to run: 'm': t.items is locked by process ");
            other.rollback();
        }
        assertThat(run.run(List.of(), StopSignal.NEVER).isComplete()).isTrue();
    }

    @Test
    void saysThatTheDatabaseIsReadOnly() throws SQLException {
        admin("ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");
        try {
            assertThat(fixture.engine(Map.of()).planner().plan().stuck().get("m"))
                    .contains("read-only");
            assertThat(explanation()).startsWith("the database is read-only: default_transaction_read_only is on");
            assertThatThrownBy(() -> fixture.runAll(Map.of()))
                    .isInstanceOf(DatabaseException.class)
                    .hasMessageContaining("read-only");
        } finally {
            admin("ALTER DATABASE " + database.name() + " RESET default_transaction_read_only");
        }
        assertThat(fixture.of("m", "plan_failures")).isEqualTo("0");
        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();
    }

    @Test
    void isToldOnceForEachReason() {
        Troubles troubles = new Troubles();
        Failure one = new Failure(FailureCode.UNKNOWN, null, "25006", "cannot execute UPDATE");
        Failure same = new Failure(FailureCode.UNKNOWN, null, "25006", "cannot execute INSERT");
        Failure another = new Failure(FailureCode.UNKNOWN, null, "57014", "canceling statement");

        assertThat(List.of(
                        troubles.isNews(1, one),
                        troubles.isNews(1, same),
                        troubles.isNews(2, one),
                        troubles.isNews(1, another),
                        troubles.isNews(1, another)))
                .containsExactly(true, false, true, true, false);
    }

    private List<Long> plan() {
        return fixture.engine(Map.of()).planner().plan().due();
    }

    /** How many milliseconds are left until the next plan. */
    private int pause() {
        return Integer.parseInt(fixture.of("m", "(1000 * extract(epoch FROM plan_again_at - clock_timestamp()))::int"));
    }

    private String explanation() {
        return fixture.engine(Map.of()).status().overviews(List.of("m")).get(0).explanation();
    }

    private Connection lock() throws SQLException {
        Connection connection = database.getConnection();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("LOCK TABLE t.items");
        }
        return connection;
    }

    /** Work whose check fails in the database, with a SQLSTATE of choice. */
    private BatchedMigrations raising(String state) {
        database.execute("UPDATE batched_background_migrations SET job_signature_name = 'raising' WHERE name = 'm'");
        return fixture.engine(Map.of("raising", new WorkFunction() {
            @Override
            public long migrate(WorkContext context) {
                return 0;
            }

            @Override
            public void check(WorkContext context) throws SQLException {
                ItemsWork.update(
                        context.connection(),
                        "DO 'BEGIN RAISE ''secret'' USING ERRCODE = ''%s''; END'".formatted(state));
            }
        }));
    }

    private void admin(String sql) throws SQLException {
        try (Connection connection = PgServer.get().connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        database.endKeptSessions();
    }
}
