package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A gate opens for a batched migration that is finished and verified, and for no other, from whatever it is asked. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class GateTest {
    private static final String MAKE = "CREATE TABLE t.made (id int)";
    private static final String GATE = "requireBatchedMigration";

    private final TestDatabase database;
    private final EngineFixture fixture;

    @TempDir
    Path directory;

    GateTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @BeforeEach
    void makeItems() {
        database.execute("DROP TABLE IF EXISTS databasechangelog, databasechangeloglock");
        fixture.items(1, 500);
    }

    static Stream<Arguments> statesAndFormats() {
        return Arrays.stream(GateState.values())
                .flatMap(state -> Arrays.stream(Formats.values()).map(format -> Arguments.of(state, format)));
    }

    private ChangelogRun gate(Formats format, String... attributes) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("names", "m");
        for (int i = 0; i < attributes.length; i += 2) {
            all.put(attributes[i], attributes[i + 1]);
        }
        return ChangelogRun.of(database, directory, format.file(), format.changelog(GATE, all, MAKE));
    }

    @ParameterizedTest
    @MethodSource("statesAndFormats")
    @Sample(oneOf = 4)
    void opensOrNotFromEachFormat(GateState state, Formats format) {
        state.make(database);

        assertOpens(state, () -> gate(format).update());
    }

    @ParameterizedTest
    @EnumSource
    @Sample(oneOf = 3)
    void opensOrNotFromFormattedSql(GateState state) {
        state.make(database);
        ChangelogRun changelog = ChangelogRun.of(database, directory, "changes.sql", """
                --liquibase formatted sql

                --changeset test:1
                SELECT require_batched_migrations('{m}');
                %s;
                """.formatted(MAKE));

        assertOpens(state, changelog::update);
    }

    @ParameterizedTest
    @EnumSource
    @Sample(oneOf = 3)
    void opensOrNotFromAScript(GateState state) {
        state.make(database);
        String script = gate(Formats.YAML).updateSql();
        assertThat(script).contains("SELECT require_batched_migrations(").contains("names => '{m}'");

        assertOpens(state, () -> runInOneTransaction(script));
    }

    /** As {@code psql -1 -v ON_ERROR_STOP=1 -f script.sql} does. */
    private void runInOneTransaction(String script) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(script);
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private interface Update {
        void run();
    }

    private void assertOpens(GateState state, Update update) {
        if (state.passes()) {
            update.run();
            assertThat(madeIt()).isTrue();
            return;
        }
        assertThatThrownBy(update::run)
                .message()
                .contains(state.firstLine())
                .containsAnyOf("Run: registry background-migrate ", "verified: false");
        assertThat(madeIt()).isFalse();
        assertThat(recorded()).isZero();
    }

    private boolean madeIt() {
        return database.text("SELECT to_regclass('t.made') IS NOT NULL").equals("t");
    }

    private long recorded() {
        return database.text("SELECT to_regclass('databasechangelog') IS NULL").equals("t")
                ? 0
                : database.number("SELECT count(*) FROM databasechangelog");
    }

    @ParameterizedTest
    @EnumSource
    @Sample(oneOf = 3)
    void canDoWithoutAProof(GateState state) {
        state.make(database);
        boolean finished =
                state == GateState.VERIFIED || state == GateState.UNVERIFIED || state == GateState.UNVERIFIABLE;

        if (finished) {
            gate(Formats.XML, "verified", "false").update();
        } else {
            assertThatThrownBy(() -> gate(Formats.XML, "verified", "false").update())
                    .hasMessageContaining(state.firstLine());
        }

        assertThat(madeIt()).isEqualTo(finished);
    }

    @ParameterizedTest
    @EnumSource
    @Sample(oneOf = 3)
    void canDoWithWaivedRows(GateState state) {
        state.make(database);
        boolean passes = state == GateState.VERIFIED || state == GateState.WAIVED;

        if (passes) {
            gate(Formats.JSON, "allowWaived", "true").update();
        } else {
            assertThatThrownBy(() -> gate(Formats.JSON, "allowWaived", "true").update())
                    .hasMessageContaining(state.firstLine());
        }

        assertThat(madeIt()).isEqualTo(passes);
    }

    /** Nobody will start a paused one, and nothing else that stands still moves by itself. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RUNNING")
    @Sample(oneOf = 3)
    void waitsForNothingThatStandsStill(GateState state) {
        state.make(database);
        ChangelogRun changelog = gate(Formats.YAML, "mode", "wait", "timeout", "1h");

        assertOpens(state, changelog::update);

        assertThat(changelog.messages()).isEmpty();
    }

    @Test
    void waitsForOneThatRuns() {
        GateState.RUNNING.make(database);
        ChangelogRun changelog = gate(Formats.YAML, "mode", "wait", "timeout", "1m");

        CompletableFuture<Void> deploy = CompletableFuture.runAsync(changelog::update);
        await(() -> !changelog.messages().isEmpty());
        assertThat(database.number("""
                        SELECT count(*)
                        FROM pg_stat_activity
                        WHERE datname = current_database()
                            AND state = 'idle in transaction'
                            AND backend_xmin IS NOT NULL
                        """)).isZero();
        fixture.engine(Map.of()).runToEnd(List.of("m"), StopSignal.NEVER);
        deploy.orTimeout(30, TimeUnit.SECONDS).join();

        assertThat(changelog.messages().get(0))
                .startsWith("batched migration 'm' is not finished: no row was looked at yet");
        assertThat(madeIt()).isTrue();
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        org.awaitility.Awaitility.await()
                .atMost(java.time.Duration.ofSeconds(30))
                .until(condition::getAsBoolean);
    }

    @Test
    void waitsNoLongerThanItMay() {
        GateState.RUNNING.make(database);

        assertOpens(
                GateState.RUNNING,
                () -> gate(Formats.YAML, "mode", "wait", "timeout", "1s").update());
    }

    @ParameterizedTest
    @EnumSource
    @Sample(oneOf = 3)
    void runsWhatAForegroundRunCanFinish(GateState state) {
        state.make(database);
        boolean runs = state == GateState.PAUSED
                || state == GateState.RUNNING
                || state == GateState.FAILED
                || state == GateState.UNVERIFIED;
        if (state == GateState.UNVERIFIED) {
            database.execute("UPDATE t.items SET v = id");
        }
        try (BatchedMigrations engine = fixture.engine(Map.of())) {
            ChangelogRun changelog = gate(Formats.XML, "mode", "run").with(OpenGateStatement.ENGINE, engine);

            if (runs) {
                changelog.update();
                assertThat(madeIt()).isTrue();
                assertThat(database.number("SELECT count(*) FROM t.items WHERE v IS DISTINCT FROM id"))
                        .isZero();
                assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
            } else {
                assertOpens(state, changelog::update);
            }
        }
    }

    @Test
    void doesNotRunWithoutAnEngine() {
        GateState.PAUSED.make(database);

        assertThatThrownBy(() -> gate(Formats.XML, "mode", "run").update())
                .hasMessageContaining("mode run needs the engine of the application");
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
    }

    @Test
    void namesTheNearest() {
        database.execute("""
                SELECT queue_batched_migration(
                    name => one, table_name => 't.items', work_function => 'copyColumn',
                    arguments => '{"from": "id", "to": "v"}', key_columns => 'id'
                )
                FROM unnest('{widen_order_ids,widen_user_ids,lower_emails}'::text[]) AS one
                """);

        assertThat(database.text("SELECT detail FROM batched_migration_gate('{widen_orders_ids}')"))
                .startsWith("did you mean 'widen_order_ids' or 'widen_user_ids'? ");
    }

    @Test
    void tellsAllThatIsRefused() {
        GateState.PAUSED.make(database);

        assertThatThrownBy(() -> database.execute("SELECT require_batched_migrations('{m,other}')"))
                .hasMessageContaining("batched migration 'm' is paused")
                .hasMessageContaining("batched migration 'other' does not exist");
    }

    @Test
    void refusesAGateWithoutNames() {
        assertThatThrownBy(() -> database.execute("SELECT require_batched_migrations('{}')"))
                .hasMessageContaining("needs the names of batched migrations");
        assertThatThrownBy(() -> database.execute("SELECT require_batched_migrations(NULL)"))
                .hasMessageContaining("needs the names of batched migrations");
    }

    @Test
    void hasAStateOfItsOwn() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("SELECT require_batched_migrations('{m}')"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("RBM01"));
        }
    }

    /** Else somebody could reopen the migration before the constraint is there that relies on it. */
    @Test
    void keepsTheMigrationAsItIsUntilTheChangeIsMade() throws SQLException {
        GateState.VERIFIED.make(database);
        try (Connection deploy = database.getConnection();
                Statement statement = deploy.createStatement()) {
            deploy.setAutoCommit(false);
            statement.execute("SELECT require_batched_migrations('{m}')");

            assertThatThrownBy(() -> database.execute("""
                            SET lock_timeout = '100ms';
                            UPDATE batched_background_migrations SET status = 1 WHERE name = 'm'
                            """)).hasMessageContaining("lock timeout");

            deploy.rollback();
        }
        assertThatCode(() -> database.execute("UPDATE batched_background_migrations SET status = 1 WHERE name = 'm'"))
                .doesNotThrowAnyException();
    }

    /** What was set to finished by hand is not finished while its batch jobs are not. */
    @Test
    void isNotDeceivedByAStatus() {
        GateState.RUNNING.make(database);
        BatchedMigrations engine = fixture.engine(Map.of());
        assertThat(engine.planner().plan().due()).isNotEmpty();
        database.execute("UPDATE batched_background_migrations SET status = 2, verified_at = now()");

        assertThat(database.text("SELECT state FROM batched_migration_gate('{m}')"))
                .isEqualTo("running");
    }

    @Test
    void saysHowFarItIs() {
        GateState.RUNNING.make(database);
        database.execute("""
                UPDATE batched_background_migrations
                SET status = 4, total_tuple_count = 500, started_at = now() - interval '10 minutes';
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status, covered_tuple_count)
                SELECT id, 1, 100, 2, 100 FROM batched_background_migrations
                """);

        assertThat(database.text("SELECT detail FROM batched_migration_gate('{m}')"))
                .matches("20\\.0 % done, about 00:(40:0|39:5)\\d left");
    }

    @Test
    void quotesAnOddNameForTheShellAndForSql() {
        database.execute("""
                SELECT queue_batched_migration(
                    name => 'it''s one', table_name => 't.items', work_function => 'copyColumn',
                    arguments => '{"from": "id", "to": "v"}', key_columns => 'id', start_paused => true
                )
                """);

        assertThat(database.text("SELECT remedy FROM batched_migration_gate(ARRAY['it''s one'])"))
                .isEqualTo("""
                        Run: registry background-migrate start --migration 'it'\\''s one'
                          or: UPDATE batched_background_migrations SET status = 1 WHERE name = 'it''s one';""");
    }

    @Test
    void knowsTheSameContradictionsAsTheEngine() {
        String gate = Objects.requireNonNull(
                database.text("SELECT prosrc FROM pg_proc WHERE proname = 'batched_migration_gate'"));
        String engine = org.registrybbm.migrations.internal.tables.Contradictions.FOUND;

        String condition = engine.substring(engine.indexOf("(EXISTS") + 1, engine.lastIndexOf("))"));
        assertThat(gate.replaceAll("\\s+", "")).contains(condition.replaceAll("\\s+", ""));
    }
}
