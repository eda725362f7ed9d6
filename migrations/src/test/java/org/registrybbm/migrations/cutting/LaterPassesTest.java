package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Once all blocks were gone over, what is left is looked for range by range too, however big the table is. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class LaterPassesTest {
    private static final String WORK = "work";
    private static final String BLOCKS = "BlockBatchingStrategy";
    private static final int SUB_BATCH = 300;
    private static final int ROWS = 5_000;

    private static final WorkFunction DO_ONE =
            ((WorkFunction) context -> context.update("n = n + 1, todo = false")).withPending("t.is(todo)");

    private final EngineFixture fixture;
    private final TestDatabase database;

    LaterPassesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (id bigint, todo boolean NOT NULL DEFAULT true, n int NOT NULL DEFAULT 0, v text)
                WITH (autovacuum_enabled = false);
                INSERT INTO t.items (id) SELECT generate_series(1, %d);
                ANALYZE t.items;
                CREATE FUNCTION t.is(todo boolean) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN todo; END'
                """.formatted(ROWS));
    }

    /** How long it takes to ask a row: with a millisecond, this is a big table. */
    private void askWithin(String time) {
        database.execute("""
                CREATE OR REPLACE FUNCTION t.is(todo boolean) RETURNS boolean LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_sleep(extract(epoch FROM interval '%s'));
                    RETURN todo;
                END
                $$
                """.formatted(time));
    }

    /** Has a statement fail that asks of more rows than the blocks of one sub-batch have. */
    private void askOfFewRows() {
        database.execute("""
                CREATE OR REPLACE FUNCTION t.is(todo boolean) RETURNS boolean LANGUAGE plpgsql AS $$
                DECLARE
                    now text := extract(epoch FROM statement_timestamp())::text;
                    before text := current_setting('t.asked', true);
                    asked int := 1;
                BEGIN
                    IF split_part(before, ' ', 1) = now THEN
                        asked := split_part(before, ' ', 2)::int + 1;
                    END IF;
                    IF asked > %d THEN
                        RAISE 'one statement asks of more than %1$d rows';
                    END IF;
                    PERFORM set_config('t.asked', now || ' ' || asked, false);
                    RETURN todo;
                END
                $$
                """.formatted(2 * SUB_BATCH));
    }

    /** One that has finished the migration, which is active again and has only to look for what is left. */
    private BatchedMigrations engineThatLooksForTheRest() {
        BatchedMigrations engine = fixture.engine(EngineSettings.defaults(), Map.of(WORK, DO_ONE));
        fixture.queue(WORK, BLOCKS, "", 100_000, 1_000);
        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
        database.execute("VACUUM t.items");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        return engine;
    }

    @Test
    void noStatementAsksOfMoreRowsThanASubBatchHas() {
        askOfFewRows();
        fixture.queue(WORK, BLOCKS, "", 2_000, SUB_BATCH);
        AtomicInteger calls = new AtomicInteger();
        WorkFunction work = context -> {
            if (calls.incrementAndGet() % 6 == 0 && calls.get() < 60) {
                // The application moves rows behind what was gone over.
                database.execute("DELETE FROM t.items WHERE id <= %d".formatted(20 * calls.get()));
                database.execute("VACUUM t.items");
                database.execute("UPDATE t.items SET v = 'moved' WHERE id > %d AND todo".formatted(ROWS - 9));
            }
            return DO_ONE.migrate(context);
        };

        assertThat(fixture.drain(Map.of(WORK, work.withPending("t.is(todo)"))).isComplete())
                .isTrue();

        fixture.assertEachItemChangedOnce();
        assertThat(fixture.quarantine("failure_message")).isEmpty();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    @Test
    void aVerificationThatAPersonAsksForReadsRangesTooAndCanBeStopped() {
        fixture.queue(WORK, BLOCKS, "", 2_000, SUB_BATCH);
        assertThat(fixture.drain(Map.of(WORK, DO_ONE)).isComplete()).isTrue();
        database.execute("UPDATE t.items SET todo = true WHERE id IN (7, %d)".formatted(ROWS));
        askOfFewRows();
        BatchedMigrations engine = fixture.engine(Map.of(WORK, DO_ONE));
        AtomicInteger told = new AtomicInteger();

        assertThat(engine.verify(List.of("m"), StopSignal.NEVER, (name, rows) -> told.incrementAndGet()))
                .singleElement()
                .satisfies(verified -> {
                    assertThat(verified.verdict()).isEqualTo(VerificationResult.Verdict.INCOMPLETE);
                    assertThat(verified.left()).isEqualTo(2);
                    assertThat(verified.samples()).hasSize(2);
                });
        assertThat(told).hasValueGreaterThan(10);
        told.set(0);
        assertThat(engine.verify(List.of("m"), () -> told.get() > 2, (name, rows) -> told.incrementAndGet()))
                .singleElement()
                .extracting(VerificationResult::verdict)
                .isEqualTo(VerificationResult.Verdict.STOPPED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Sample(oneOf = 2)
    void aPauseIsObeyedWithinTwoSeconds(boolean left) {
        BatchedMigrations engine = engineThatLooksForTheRest();
        if (left) {
            database.execute("UPDATE t.items SET todo = true, n = 0 WHERE id > %d".formatted(ROWS - 9));
        }
        Worker<RunResult> worker = startAndAwaitStatement(engine);

        fixture.setStatus("m", MigrationStatus.PAUSED);
        long paused = System.nanoTime();

        worker.result();
        assertThat(Duration.ofNanos(System.nanoTime() - paused)).isLessThan(Duration.ofSeconds(2));
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
    }

    @Test
    void theApplicationWaitsForASubBatchAtMostWhileSomebodyElseHoldsRows() throws SQLException {
        BatchedMigrations engine = engineThatLooksForTheRest();
        database.execute("UPDATE t.items SET todo = true, n = 0 WHERE id IN (1, 2, %d)".formatted(ROWS));
        Duration longest = Duration.ZERO;

        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            person.setAutoCommit(false);
            statement.execute("SELECT FROM t.items WHERE id = 2 FOR UPDATE");
            Worker<RunResult> worker = startAndAwaitStatement(engine);
            long began = System.nanoTime();
            while (System.nanoTime() - began < TimeUnit.SECONDS.toNanos(10)) {
                long before = System.nanoTime();
                database.execute("UPDATE t.items SET v = 'written' WHERE id IN (1, %d)".formatted(ROWS));
                Duration took = Duration.ofNanos(System.nanoTime() - before);
                longest = took.compareTo(longest) > 0 ? took : longest;
            }
            person.rollback();
            askWithin("0 ms");
            assertThat(worker.result().isComplete()).isTrue();
        }

        assertThat(longest).isLessThan(Duration.ofSeconds(2));
        fixture.assertEachItemChangedOnce();
    }

    private Worker<RunResult> startAndAwaitStatement(BatchedMigrations engine) {
        askWithin("1 ms");
        Worker<RunResult> worker = Worker.start(() -> engine.runToEnd(List.of(), StopSignal.NEVER));
        Awaitility.await().until(() -> database.number("""
                        SELECT count(*) FROM pg_stat_activity
                        WHERE wait_event = 'PgSleep' AND clock_timestamp() - query_start > interval '100 ms'
                        """) > 0);
        return worker;
    }
}
