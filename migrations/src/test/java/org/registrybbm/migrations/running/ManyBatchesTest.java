package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a batch costs the engine's own tables does not grow with the batches that are done. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class ManyBatchesTest {
    private static final int DONE = 20_000;
    private static final int BATCHES = 10;

    private final EngineFixture fixture;
    private final TestDatabase database;

    ManyBatchesTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void planningAndRunningReadNoMoreRowsAfterMany() {
        fixture.items(1, DONE + 100).limits(1, 1).queueItems("m", ItemsWork.ADD_ONE, 1);
        BatchedMigrations engine = fixture.engine(Map.of());
        runOne(engine);
        database.execute("""
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, walk_id, min_value, max_value, status, attempts, covered_tuple_count,
                     migrated_tuple_count, busy_ms, sub_batch_size, started_at, finished_at)
                SELECT w.batched_background_migration_id, w.id, i, i, 2, 1, 1, 1, 1, 1, now(), now()
                FROM batched_background_migration_walks w
                CROSS JOIN generate_series(2, %d) i;
                ANALYZE batched_background_migration_jobs, batched_background_migration_walks, batched_background_migrations
                """.formatted(DONE));
        long before = rowsRead();

        for (int i = 0; i < BATCHES; i++) {
            runOne(engine);
        }

        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1")).isEqualTo(1 + BATCHES);
        assertThat(rowsRead() - before).isLessThan(BATCHES * 1_000L);
    }

    private static void runOne(BatchedMigrations engine) {
        engine.runner().run(engine.planner().plan().due().get(0), StopSignal.NEVER);
    }

    /** The server counts what a session has read when it ends, if not before; each of the test's ends at once. */
    private long rowsRead() {
        return database.number("""
                SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
                FROM pg_stat_user_tables
                WHERE relname = 'batched_background_migration_jobs'
                """);
    }
}
