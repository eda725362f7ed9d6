package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What every batching strategy promises, whatever it cuts by. */
abstract class BatchingStrategyContract {
    private static final int ROWS = 2_345;

    private final EngineFixture fixture;

    BatchingStrategyContract(TestDatabase database) {
        this.fixture = EngineFixture.clean(database);
    }

    /** The strategy's name in the table, or null for ranges. */
    abstract NewBatchedMigration definition(String signature, int batchSize);

    /** Work that can only be done once to each of {@code batch}'s rows of {@code t.things (id, todo, n)}. */
    abstract long work(WorkContext context) throws SQLException;

    private void things(int rows) {
        fixture.database().execute("""
                CREATE TABLE t.things (id bigint PRIMARY KEY, todo bigint, n int NOT NULL DEFAULT 0);
                CREATE INDEX ON t.things (todo) WHERE todo IS NULL;
                INSERT INTO t.things (id) SELECT generate_series(1, %d)
                """.formatted(rows));
    }

    private BatchedMigrations queued(EngineSettings settings, int batchSize) {
        BatchedMigrations engine = fixture.engine(settings, Map.of("work", this::work));
        engine.store().queue(definition("work", batchSize));
        return engine;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 10_000, Integer.MAX_VALUE})
    void coversEveryRowOnceWhateverTheBatchSize(int batchSize) {
        things(batchSize == 1 ? 20 : ROWS);

        RunResult result = queued(EngineFixture.SETTINGS, batchSize).runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).as("%s", result).isTrue();
        assertEachOnce();
    }

    @Test
    void finishesWithNoRowsAtAll() {
        things(0);

        assertThat(queued(EngineFixture.SETTINGS, 10)
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .isComplete())
                .isTrue();
    }

    @Test
    void countsTheRowsThatItCovered() {
        things(ROWS);

        queued(EngineFixture.SETTINGS, 500).runToEnd(List.of(), StopSignal.NEVER);

        MigrationOverview overview =
                fixture.engine(Map.of()).status().overviews(List.of()).get(0);
        assertThat(overview.coveredTupleCount()).isEqualTo(ROWS);
        assertThat(overview.migratedTupleCount()).isEqualTo(ROWS);
        assertThat(overview.activeJobs() + overview.failedJobs()).isZero();
    }

    @Test
    void plansTheSameBatchesWhoeverAsks() {
        things(ROWS);
        BatchedMigrations engine = queued(EngineFixture.SETTINGS, 500);

        List<Long> due = engine.planner().plan().due();

        assertThat(due).isNotEmpty();
        assertThat(engine.planner().plan().due()).isEqualTo(due);
        assertThat(fixture.engine(EngineFixture.SETTINGS, Map.of("work", this::work))
                        .planner()
                        .plan()
                        .due())
                .isEqualTo(due);
    }

    @Test
    void goesOnAfterEachInterruption() {
        things(ROWS);
        BatchedMigrations engine = queued(
                EngineFixture.SETTINGS.toBuilder()
                        .batchTarget(Duration.ofSeconds(1))
                        .subBatchTarget(Duration.ofMillis(500))
                        .build(),
                1_000);

        for (int i = 0; i < 20; i++) {
            int[] asked = {0};
            engine.runToEnd(List.of(), () -> asked[0]++ > 2);
        }

        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
        assertEachOnce();
    }

    private void assertEachOnce() {
        assertThat(fixture.database().column("SELECT id || ': ' || n FROM t.things WHERE n <> 1 LIMIT 5"))
                .isEmpty();
    }
}
