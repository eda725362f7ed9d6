package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.RefusingItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows whose data refuses the change: they are found and listed, everything else goes on, and once mended they are changed. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class QuarantineTest {
    private static final String WORK = "work";
    private static final int ROWS = 600;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final RefusingItems items;

    QuarantineTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        this.items = new RefusingItems(database, ROWS);
    }

    private static final String REFUSE_BAD = "PRIMARY KEY (id), CHECK (NOT bad OR n = 0)";
    private static final String REFUSE_BAD_WITHOUT_KEY = "CHECK (NOT bad OR n = 0)";

    static Stream<Arguments> strategies() {
        return Stream.of(
                Arguments.of(null, "k", REFUSE_BAD),
                Arguments.of(null, "k", REFUSE_BAD_WITHOUT_KEY),
                Arguments.of("NullKeySetBatchingStrategy", "v", REFUSE_BAD),
                Arguments.of("PredicateBatchingStrategy", "", REFUSE_BAD_WITHOUT_KEY),
                Arguments.of("BlockBatchingStrategy", "", REFUSE_BAD_WITHOUT_KEY));
    }

    @ParameterizedTest
    @MethodSource("strategies")
    @Sample(oneOf = 2)
    void changesARowOnceAfterItWasMendedWhateverTheStrategy(String strategy, String column, String constraints) {
        items.create(constraints);
        database.execute("UPDATE t.items SET bad = true WHERE id IN (1, 2, 3, 370, 511, 512, 600)");
        fixture.queue(WORK, strategy, column, 300, 100);
        Map<String, WorkFunction> work = Map.of(WORK, ItemsWork.DO_ONE);

        fixture.drain(work);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(items.notOnce()).containsExactly("1: 0", "2: 0", "3: 0", "370: 0", "511: 0", "512: 0", "600: 0");
        assertThat(fixture.quarantine("failure_sqlstate || ' ' || status || ' ' || attempts"))
                .hasSize(7)
                .containsOnly("23514 quarantined 1");

        database.execute("UPDATE t.items SET bad = false WHERE id IN (1, 2, 3, 511, 512, 600)");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.drain(work);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(items.notOnce()).containsExactly("370: 0");

        database.execute("DELETE FROM t.items WHERE id = 370");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(work).isComplete()).isTrue();
        assertThat(items.notOnce()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("strategies")
    @Sample(oneOf = 2)
    void finishesWhenTheRowsAreWaived(String strategy, String column, String constraints) {
        items.create(constraints);
        database.execute("DELETE FROM t.items WHERE id > 100; UPDATE t.items SET bad = true WHERE id <= 40");
        fixture.queue(WORK, strategy, column, 10, 10);
        Map<String, WorkFunction> work = Map.of(WORK, ItemsWork.DO_ONE);
        fixture.drain(work);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");

        database.execute("""
                UPDATE batched_background_migration_quarantined_rows
                SET status = 'waived', waived_by = 'somebody', waived_reason = 'test accounts'
                """);
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(fixture.drain(work).isComplete()).isTrue();
        assertThat(items.notOnce()).hasSize(40);
        assertThat(fixture.quarantine("status")).hasSize(40).containsOnly("waived");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesARowToAPersonThatNobodyCanFindAgain(boolean unique) {
        items.create(REFUSE_BAD_WITHOUT_KEY + (unique ? ", UNIQUE (k, id)" : ""));
        database.execute("UPDATE t.items SET bad = true WHERE id IN (1, 370)");
        fixture.queue(ItemsWork.ADD_ONE, null, "k", 300, 100);
        fixture.drain(Map.of());

        database.execute("UPDATE t.items SET bad = false WHERE id IN (1, 370)");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.drain(Map.of());

        assertThat(fixture.quarantine("status")).containsOnly(unique ? "done" : "quarantined");
        assertThat(items.notOnce()).hasSize(unique ? 0 : 2);
    }

    @ParameterizedTest
    @MethodSource("strategies")
    @Sample(oneOf = 2)
    void leavesARowAloneThatSomebodyHasDoneByHand(String strategy, String column, String constraints) {
        items.create(constraints);
        database.execute("UPDATE t.items SET bad = true WHERE id = 370");
        fixture.queue(WORK, strategy, column, 300, 100);
        Map<String, WorkFunction> work = Map.of(WORK, ItemsWork.DO_ONE);
        fixture.drain(work);

        database.execute("UPDATE t.items SET bad = false, n = 1, v = 77 WHERE id = 370");
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(fixture.drain(work).isComplete()).isTrue();
        assertThat(database.text("SELECT v || ' ' || n FROM t.items WHERE id = 370"))
                .isEqualTo("77 1");
    }

    @ParameterizedTest
    @MethodSource("strategies")
    @Sample(oneOf = 2)
    void stopsEarlyWhenTooManyRowsFail(String strategy, String column, String constraints) {
        items.create(constraints);
        database.execute("UPDATE t.items SET bad = true WHERE id > 100");
        fixture.queue(WORK, strategy, column, 300, 100);
        Map<String, WorkFunction> work = Map.of(WORK, ItemsWork.DO_ONE);

        fixture.drain(work);

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("16");
        assertThat(fixture.quarantine("status")).hasSize(100);
        assertThat(database.column("SELECT DISTINCT n FROM t.items WHERE bad")).containsExactly("0");

        database.execute("UPDATE t.items SET bad = false");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(work).isComplete()).isTrue();
        assertThat(items.notOnce()).isEmpty();
    }

    @Test
    void losesNoRowWhereSomebodyMakesRoomWhileTheRowsThatFailAreLookedFor() {
        items.create(REFUSE_BAD);
        database.execute("UPDATE t.items SET bad = id % 4 = 0");
        long id = fixture.queue(WORK, null, "id", ROWS, ROWS);
        database.execute("""
                INSERT INTO batched_background_migration_quarantined_rows
                    (batched_background_migration_id, table_oid, table_name, row_key, failure_message)
                SELECT %d, 't.items'::regclass, 't.items', jsonb_build_object('id', i::text), 'of before'
                FROM generate_series(10001, 10050) i
                """.formatted(id));
        WorkFunction whileSomebodyWaives = context -> {
            database.execute("""
                    UPDATE batched_background_migration_quarantined_rows
                    SET status = 'waived', waived_by = 'jane', waived_reason = 'gone'
                    WHERE failure_message = 'of before'
                    """);
            return ItemsWork.DO_ONE.migrate(context);
        };
        AtomicInteger calls = new AtomicInteger();

        fixture.drain(Map.of(
                WORK,
                context -> calls.incrementAndGet() < 3
                        ? ItemsWork.DO_ONE.migrate(context)
                        : whileSomebodyWaives.migrate(context)));

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("16");
        database.execute("UPDATE t.items SET bad = false");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        assertThat(items.notOnce()).isEmpty();
    }

    @Test
    void listsNoMoreThanItMayHoweverManyWorkersFailAtOnce() throws Exception {
        items.create(REFUSE_BAD);
        database.execute("UPDATE t.items SET bad = true");
        fixture.limits(4, 4).queue(WORK, null, "id", 80, 80);
        CyclicBarrier together = new CyclicBarrier(4);
        ThreadLocal<Integer> calls = ThreadLocal.withInitial(() -> 0);
        WorkFunction work = context -> {
            calls.set(calls.get() + 1);
            if (calls.get() == 2) {
                // Each has looked how much room there is, and none has listed a row.
                await(together);
            }
            return ItemsWork.DO_ONE.migrate(context);
        };
        BatchedMigrations engine = fixture.engine(Map.of(WORK, work));
        ExecutorService workers = Executors.newFixedThreadPool(4);
        try {
            List<Future<BatchOutcome>> running = engine.planner().plan().due().stream()
                    .map(job -> workers.submit(() -> engine.runner().run(job, StopSignal.NEVER)))
                    .toList();
            for (Future<BatchOutcome> one : running) {
                one.get(60, TimeUnit.SECONDS);
            }
        } finally {
            workers.shutdownNow();
        }

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("16");
        assertThat(fixture.quarantine("status")).hasSize(100);
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }
}
