package org.registrybbm.migrations.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.OneConnection;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What is proved when blocks are said to hold no row that is not done, while somebody writes between two ranges of the proof. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class BlockProofTest {
    private static final String WORK = "work";
    private static final String COLUMNS =
            "(id bigint, todo boolean NOT NULL DEFAULT true, n int NOT NULL DEFAULT 0, side int DEFAULT 1, v text)";
    private static final String[] READ_ONCE = {"change 1", "verify 1"};
    private static final String[] READ_AGAIN = {"change 1", "verify 1", "change 2", "verify 2"};

    /** Each range of a proof begins with it. */
    private static final String RANGE = "SET LOCAL statement_timeout = ";

    private static final int MIDDLE = 3;

    private static final WorkFunction DO_ONE =
            ((WorkFunction) context -> context.update("n = n + 1, todo = false")).withPending("todo");

    private final EngineFixture fixture;
    private final TestDatabase database;

    BlockProofTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private void rows(String table) {
        database.execute(table);
        database.execute("ALTER TABLE t.items ALTER v SET STORAGE PLAIN");
        database.execute("INSERT INTO t.items (id) SELECT generate_series(1, 5000)");
        fixture.queue(WORK, "BlockBatchingStrategy", "", 10_000, 300);
    }

    /** Runs all that comes before the proof. */
    private void runPass() {
        BatchedMigrations engine = fixture.engine(Map.of(WORK, DO_ONE));
        while (true) {
            List<Long> due = engine.planner().plan().due();
            if (walks().contains(READ_ONCE[1])) {
                return;
            }
            due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
    }

    /** Has a row come that fills most of a block, at the end of the table, and makes room for it at the beginning. */
    private void insertLateRow() {
        database.execute("INSERT INTO t.items (id, v) VALUES (9999, repeat('x', 5000))");
        database.execute("DELETE FROM t.items WHERE (ctid::text::point)[0] = 2 AND id <> 9999");
        database.execute("VACUUM t.items");
    }

    /** Runs to the end, and does something once the proof has read two ranges. */
    private List<String> runWith(Runnable inTheMiddle) {
        return runWith(EngineFixture.SETTINGS, inTheMiddle);
    }

    private List<String> runWith(EngineSettings settings, Runnable inTheMiddle) {
        AtomicInteger ranges = new AtomicInteger();
        StatementLog log = new StatementLog(database, statement -> {
            if (statement.startsWith(RANGE) && ranges.incrementAndGet() == MIDDLE) {
                inTheMiddle.run();
            }
        });

        RunResult result =
                EngineFixture.engine(log, settings, Map.of(WORK, DO_ONE)).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(ranges).hasValueGreaterThan(MIDDLE);
        assertThat(result.isComplete()).isTrue();
        return walks();
    }

    private List<String> walks() {
        return database.column("SELECT kind || ' ' || pass FROM batched_background_migration_walks ORDER BY id");
    }

    private void assertNothingIsLeft() {
        assertThat(database.column("SELECT id FROM t.items WHERE todo OR n <> 1"))
                .isEmpty();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    private boolean liesBeforeTheMiddle() {
        return database.number("SELECT (ctid::text::point)[0]::int FROM t.items WHERE id = 9999") < 6;
    }

    @Test
    void aTableThatStaysAsItIsIsReadOnce() {
        rows("CREATE TABLE t.items " + COLUMNS);

        assertThat(runWith(() -> {})).containsExactly(READ_ONCE);

        assertNothingIsLeft();
    }

    @Test
    void aRowIsFoundThatMovesToABlockWhichWasRead() {
        rows("CREATE TABLE t.items " + COLUMNS);
        runPass();
        insertLateRow();

        assertThat(runWith(() -> {
                    assertThat(liesBeforeTheMiddle()).isFalse();
                    database.execute("UPDATE t.items SET v = repeat('y', 5000) WHERE id = 9999");
                    assertThat(liesBeforeTheMiddle()).isTrue();
                }))
                .containsExactly(READ_AGAIN);

        assertNothingIsLeft();
    }

    @Test
    void aRowIsFoundThatMovesToAPartitionWhichWasRead() {
        rows("""
                CREATE TABLE t.items %s PARTITION BY LIST (side);
                CREATE TABLE t.first PARTITION OF t.items FOR VALUES IN (0);
                CREATE TABLE t.second PARTITION OF t.items FOR VALUES IN (1);
                INSERT INTO t.items (id, side) VALUES (0, 0)
                """.formatted(COLUMNS));
        runPass();
        database.execute("INSERT INTO t.items (id) VALUES (9999)");

        assertThat(runWith(() -> database.execute("UPDATE t.items SET side = 0 WHERE id = 9999")))
                .startsWith("change 1", "change 1", "verify 1", "change 2", "change 2")
                .endsWith("verify 2");

        assertNothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // The snapshot sees no row of the new file.
                "ALTER TABLE t.items ALTER side TYPE bigint",
                // The row lies before the ranges that are still to come.
                "CLUSTER t.items USING latest",
            })
    @Sample(oneOf = 2)
    void aRowIsFoundThoughTheTableIsRewritten(String rewrite) {
        // The rewriting waits for the transaction that reads, until that has been idle for so long.
        EngineSettings settings = EngineFixture.SETTINGS.toBuilder()
                .idleInTransactionTimeout(Duration.ofSeconds(1))
                .build();
        rows("CREATE TABLE t.items " + COLUMNS);
        database.execute("CREATE INDEX latest ON t.items ((-id))");
        runPass();
        insertLateRow();

        assertThat(runWith(settings, () -> database.execute("SET LOCAL lock_timeout = '10s'; " + rewrite)))
                .containsExactly(READ_AGAIN);

        assertNothingIsLeft();
    }

    @Test
    void nobodyWaitsForItBetweenTwoRanges() {
        rows("CREATE TABLE t.items " + COLUMNS);

        assertThat(runWith(() -> database.execute("BEGIN; LOCK TABLE t.items IN ACCESS EXCLUSIVE MODE NOWAIT; COMMIT")))
                .containsExactly(READ_ONCE);

        assertNothingIsLeft();
    }

    @Test
    void itBeginsAnewWhenTheConnectionIsLostThatReads() {
        rows("CREATE TABLE t.items " + COLUMNS);
        runPass();
        insertLateRow();

        assertThat(runWith(() -> assertThat(database.number("""
                        SELECT count(pg_terminate_backend(pid, 5000))
                        FROM pg_stat_activity
                        WHERE state = 'idle in transaction'
                            AND backend_xid IS NULL
                        """)).isEqualTo(1))).containsExactly(READ_AGAIN);

        assertThat(fixture.jobs("m", "j.attempts")).containsOnly("1");
        assertNothingIsLeft();
    }

    @Test
    void itIsTriedAgainWhereNoSecondConnectionIsToBeHad() throws SQLException {
        rows("CREATE TABLE t.items " + COLUMNS);
        runPass();
        try (Connection only = database.getConnection()) {
            BatchedMigrations engine =
                    EngineFixture.engine(new OneConnection(only), EngineFixture.SETTINGS, Map.of(WORK, DO_ONE));
            long proof = engine.planner().plan().due().get(0);

            assertThat(engine.runner().run(proof, StopSignal.NEVER))
                    .isEqualTo(new BatchOutcome.HandedBack(proof, BatchOutcome.Reason.LIMIT_REACHED));
        }
        assertThat(fixture.jobs("m", "j.status || ' ' || j.attempts")).endsWith("1 0");

        assertThat(fixture.drain(Map.of(WORK, DO_ONE)).isComplete()).isTrue();

        assertNothingIsLeft();
    }

    @Test
    void aBatchJobThatSomebodyDeletedProvesNothing() {
        rows("CREATE TABLE t.items " + COLUMNS);
        runPass();
        insertLateRow();
        database.execute("DELETE FROM batched_background_migration_jobs WHERE status <> 2");

        assertThat(fixture.drain(Map.of(WORK, DO_ONE)).isComplete()).isTrue();

        assertNothingIsLeft();
    }

    /** Nobody can tell a row without a key from the one that the work made of it. */
    @Test
    void workThatLeavesRowsAsTheyAreDoesNotRunForEver() {
        database.execute("CREATE TABLE t.items " + COLUMNS);
        database.execute("INSERT INTO t.items (id) VALUES (1)");
        fixture.queue(WORK, "BlockBatchingStrategy", "", 10_000, 300);
        WorkFunction idle = ((WorkFunction) context -> context.update("n = n + 1")).withPending("todo");
        BatchedMigrations engine = fixture.engine(Map.of(WORK, idle));
        while (!walks().contains("change 20")) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.RUNNING);
        database.execute("""
                UPDATE batched_background_migrations SET started_at = started_at - interval '2 hours';
                UPDATE batched_background_migration_walks SET created_at = created_at - interval '90 minutes'
                """);

        fixture.drain(Map.of(WORK, idle));

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith(
                        "14 after at least 20 passes and 1 hour over t.items there is still a row that is not done");
        long passes = database.number("SELECT n FROM t.items");

        // A person has mended the work and starts it again.
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(fixture.drain(Map.of(WORK, DO_ONE)).isComplete()).isTrue();
        assertThat(database.number("SELECT n FROM t.items")).isEqualTo(passes + 1);
    }
}
