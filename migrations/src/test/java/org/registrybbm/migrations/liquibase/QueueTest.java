package org.registrybbm.migrations.liquibase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Migrations that are queued by SQL: what becomes of them over empty, small and large tables, and which are refused. */
@ExtendWith(PostgresExtension.class)
class QueueTest {
    private static final String COPY = """
            SELECT queue_batched_migration(
                name => 'm', table_name => 't.items', work_function => 'copyColumn',
                arguments => '{"from": "id", "to": "v"}', %s
            )
            """;

    private final TestDatabase database;
    private final EngineFixture fixture;

    QueueTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private void items(int rows) {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, v bigint);
                INSERT INTO t.items (id) SELECT generate_series(1, %d)
                """.formatted(rows));
    }

    private String queue(String rest) {
        return database.text(COPY.formatted(rest));
    }

    @Test
    void isFinishedOverAnEmptyTable() {
        items(0);

        assertThat(queue("key_columns => 'id'")).isEqualTo("is finished: its table is empty");

        assertThat(database.text("SELECT state FROM batched_migration_gate('{m}')"))
                .isEqualTo("verified");
        assertThat(fixture.engine(Map.of()).planner().hasWork()).isFalse();
        assertThat(database.text("SELECT event || ': ' || reason FROM batched_background_migration_events"))
                .isEqualTo("verified: its table was empty when it was queued");
    }

    /** A row that is not committed yet cannot be seen. */
    @Test
    void isNotFinishedOverATableThatSomebodyWritesTo() throws SQLException {
        items(0);
        try (Connection application = database.getConnection();
                Statement statement = application.createStatement()) {
            application.setAutoCommit(false);
            statement.execute("INSERT INTO t.items (id) VALUES (1)");

            assertThat(queue("key_columns => 'id'")).isEqualTo("is queued");

            application.commit();
        }
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        assertThat(database.number("SELECT v FROM t.items")).isEqualTo(1);
    }

    @Test
    void isNotFinishedOverRowsThatPoliciesHide() throws SQLException {
        items(1);
        database.execute("""
                ALTER TABLE t.items ENABLE ROW LEVEL SECURITY;
                DROP ROLE IF EXISTS bbm_deployer;
                CREATE ROLE bbm_deployer;
                GRANT USAGE ON SCHEMA t TO bbm_deployer;
                GRANT ALL ON ALL TABLES IN SCHEMA t, public TO bbm_deployer;
                GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO bbm_deployer
                """);
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET ROLE bbm_deployer");

            statement.execute(COPY.formatted("key_columns => 'id'"));

            statement.execute("RESET ROLE");
        } finally {
            database.execute("DROP OWNED BY bbm_deployer; DROP ROLE bbm_deployer");
        }
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.ACTIVE);
    }

    /** A snapshot that is older than the rows does not show them. */
    @Test
    void isNotFinishedByATransactionThatBeganBeforeTheRowsCame() throws SQLException {
        items(0);
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("SELECT 1 FROM t.items");
            database.execute("INSERT INTO t.items (id) VALUES (1)");

            statement.execute(COPY.formatted("key_columns => 'id'"));

            connection.commit();
        }
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.ACTIVE);
    }

    /** The one before may be what fills the table. */
    @Test
    void isNotFinishedWhileItIsToRunAfterAnother() {
        items(0);
        database.execute("""
                CREATE TABLE t.others (id bigint PRIMARY KEY);
                INSERT INTO t.others VALUES (1);
                SELECT queue_batched_migration(
                    name => 'mover', table_name => 't.others', work_function => 'w', key_columns => 'id', start_paused => true
                )
                """);

        assertThat(queue("key_columns => 'id', run_after => '{mover}'")).isEqualTo("is queued");

        assertThat(database.text("SELECT detail FROM batched_migration_gate('{m}')"))
                .isEqualTo("it runs after 'mover', which is paused, and no row was looked at yet");
        assertThatThrownBy(() -> database.execute("SELECT unqueue_batched_migration('mover')"))
                .hasMessageContaining("batched migration 'mover' cannot be taken back: 'm' runs after it");
    }

    @Test
    void isFinishedOverManyEmptyPartitions() {
        database.execute("""
                CREATE TABLE t.items (id bigint, v bigint) PARTITION BY LIST (id);
                DO $$
                BEGIN
                    FOR i IN 1..600 LOOP
                        EXECUTE format('CREATE TABLE t.items_%s PARTITION OF t.items FOR VALUES IN (%s)', i, i);
                    END LOOP;
                END
                $$
                """);

        assertThat(queue("key_columns => 'id'")).isEqualTo("is finished: its table is empty");
        database.execute("INSERT INTO t.items VALUES (7, NULL)");
        database.execute("DELETE FROM batched_background_migrations");

        assertThat(queue("key_columns => 'id'")).isEqualTo("is queued");
    }

    @Test
    void isPausedIfThatIsWanted() {
        items(10);

        assertThat(queue("key_columns => 'id', start_paused => true")).isEqualTo("is queued and paused");

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(database.number("SELECT count(v) FROM t.items")).isZero();
    }

    @Test
    void isQueuedOnce() {
        items(0);
        queue("key_columns => 'id'");

        assertThat(queue("key_columns => 'id', batch_size => 5")).isEqualTo("was queued already");

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isEqualTo(1);
        assertThatThrownBy(() -> queue("null_column => 'v'"))
                .hasMessageContaining("a batched migration 'm' is there already and is another one")
                .hasMessageContaining("its strategy is ranges of a key");
    }

    @Test
    void takesAllThatTheTableHolds() {
        items(5);
        queue("""
                key_columns => 'id', first_key => 1, last_key => 4, batch_size => 3, batch_size_fixed => true,
                batch_size_min => 1, batch_size_max => 9, sub_batch_size_min => 2, sub_batch_size_max => 8, priority => 7,
                quarantine_limit => 6, batch_jobs => 5, rows_per_second => 400, start_paused => true""");

        assertThat(database.text("""
                        SELECT concat_ws(' ', min_value, max_value, batch_size, batch_size_fixed, batch_size_min, batch_size_max,
                            sub_batch_size_min, sub_batch_size_max, priority, quarantine_limit, b.batch_jobs, b.rows_per_second)
                        FROM batched_background_migrations m
                        JOIN batched_background_migration_budgets b ON b.scope = 'migration' AND b.subject = m.name
                        """)).isEqualTo("1 4 3 t 1 9 2 8 7 6 5 400");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "key_columns => 'idd'|names the column 'idd', which t.items does not have; it has id, n, v",
                "key_columns => ''|names the column ''",
                "key_columns => 'lower(id), 1'|names the column 'lower(id)'",
                "key_columns => 'id', batch_size => -5|needs a batch_size of at least 1",
                "key_columns => 'id', run_after => '{NULL}'|is to run after NULL, which does not exist",
                "key_columns => 'id', null_column => 'v'|needs one way to cut its table",
                "strategy => 'byKey'|needs one way to cut its table",
                "strategy => 'byWhim'|needs one way to cut its table",
                "null_column => 'v', first_key => 1|need key_columns",
                "key_columns => 'id', first_key => 2, last_key => 1|must not be greater",
                "key_columns => 'id', run_after => '{other}'|is to run after 'other', which does not exist",
                "key_columns => 'id', run_after => '{m}'|would wait for each other: m after m",
                "key_columns => 'id', colour => 'red'|function queue_batched_migration",
            })
    void isRefusedWhereItCouldNeverRun(String rest, String message) {
        items(0);

        assertThatThrownBy(() -> queue(rest)).hasMessageContaining(message);

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"t.item", "items", "t.items.id", "t . items;"})
    void isRefusedOverNoTable(String table) {
        items(0);

        assertThatThrownBy(() -> database.text(
                        "SELECT queue_batched_migration(name => 'm', table_name => ?, work_function => 'w', key_columns => 'id')",
                        table))
                .isNotNull();
        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
    }

    @Test
    void isTakenBackBeforeItStarts() {
        items(0);
        queue("key_columns => 'id', batch_jobs => 1");

        database.execute("SELECT unqueue_batched_migration('m')");

        assertThat(database.number("SELECT count(*) FROM batched_background_migrations"))
                .isZero();
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_budgets WHERE subject = 'm'"))
                .isZero();
        database.execute("SELECT unqueue_batched_migration('m')");
    }

    @Test
    void isNotTakenBackOnceItHasStarted() {
        items(10);
        queue("key_columns => 'id'");
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThatThrownBy(() -> database.execute("SELECT unqueue_batched_migration('m')"))
                .hasMessageContaining("batched migration 'm' has started and cannot be taken back");
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
    }

    @Test
    void runsAfterAnother() {
        items(100);
        BatchedMigrations engine = fixture.engine(Map.of());
        queue("key_columns => 'id'");
        engine.store()
                .queue(NewBatchedMigration.named("later")
                        .work("copyColumn", Map.of("from", "v", "to", "n"))
                        .table("t.items")
                        .byKey("id")
                        .runAfter("m")
                        .build());
        assertThat(engine.status().overviews(List.of("later")).get(0).explanation())
                .isEqualTo("waits for 'm', after which it is to run");
        assertThat(engine.runToEnd(List.of("later"), StopSignal.NEVER).unfinished())
                .hasSize(1);
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> 0")).isZero();

        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = id")).isEqualTo(100);
    }

    @Test
    void runsAfterAnotherByReplicasToo() {
        items(100);
        queue("key_columns => 'id'");
        database.execute("""
                SELECT queue_batched_migration(
                    name => 'later', table_name => 't.items', work_function => 'copyColumn', key_columns => 'id',
                    arguments => '{"from": "v", "to": "n"}', run_after => '{m}', priority => 9
                )
                """);
        assertThat(fixture.status("later")).isEqualTo(MigrationStatus.ACTIVE);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = id")).isEqualTo(100);
        assertThat(fixture.of("m", "finished_at")).isLessThanOrEqualTo(fixture.of("later", "started_at"));
    }

    @Test
    void doesNotRunInACircle() {
        items(0);
        queue("key_columns => 'id'");
        database.execute("""
                SELECT queue_batched_migration(
                    name => 'later', table_name => 't.items', work_function => 'w', key_columns => 'id', run_after => '{m}'
                )
                """);

        assertThatThrownBy(() -> database.execute(
                        "UPDATE batched_background_migrations SET run_after = '{later}' WHERE name = 'm'"))
                .hasMessageContaining("batched migrations would wait for each other: m after later after m");
    }

    /** Names, quotes and backslashes arrive as they were written. */
    @Test
    void takesOddNames() {
        database.execute("CREATE TABLE t.\"It's \"\"odd\"\"\" (\"The \\Key\" bigint PRIMARY KEY)");

        database.execute("""
                SELECT queue_batched_migration(
                    name => 'it''s', table_name => 't."It''s ""odd""\"', work_function => 'w', key_columns => '"The \\Key"'
                )
                """);

        assertThat(database.text("SELECT state FROM batched_migration_gate(ARRAY['it''s'])"))
                .isEqualTo("verified");
    }
}
