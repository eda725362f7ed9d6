package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Two services that have their tables in two schemas of one database, with the same ids in both. */
class TwoSchemasTest {
    private final TestDatabase database = PostgresExtension.empty();
    private final TestDatabase one = schema("one");
    private final TestDatabase other = schema("other");

    private TestDatabase schema(String name) {
        TestDatabase schema = new TestDatabase(database.name(), database.url() + "&currentSchema=" + name);
        schema.execute("CREATE SCHEMA " + name);
        PostgresExtension.migrate(schema, PostgresExtension.ENGINE_CHANGELOG);
        schema.execute("""
                CREATE TABLE %1$s.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
                INSERT INTO %1$s.items (id) SELECT generate_series(1, 100)
                """.formatted(name));
        return schema;
    }

    @AfterEach
    void drop() {
        PostgresExtension.drop(database);
    }

    @Test
    void doNotWaitForEachOther() {
        Worker.Gate gate = new Worker.Gate();
        BatchedMigrations held = engine(one, context -> {
            long changed = ItemsWork.addOne(context);
            gate.pass();
            return changed;
        });
        BatchedMigrations free = engine(other, ItemsWork::addOne);
        long job = queued(held, "one.items");
        assertThat(queued(free, "other.items")).isEqualTo(job);
        Worker<BatchOutcome> worker = Worker.start(() -> held.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();
        try {
            assertThat(free.runner().run(job, StopSignal.NEVER)).isInstanceOf(BatchOutcome.Finished.class);
        } finally {
            gate.open();
        }

        assertThat(worker.result()).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(database.number("SELECT count(*) FROM one.items JOIN other.items USING (id, n) WHERE n = 1"))
                .isEqualTo(100);
    }

    private static BatchedMigrations engine(TestDatabase schema, WorkFunction work) {
        return EngineFixture.engine(schema, EngineFixture.SETTINGS, Map.of("work", work));
    }

    private static long queued(BatchedMigrations engine, String table) {
        engine.store()
                .queue(NewBatchedMigration.named("m")
                        .work("work")
                        .table(table)
                        .byKey("id")
                        .batchSize(1_000)
                        .build());
        return engine.planner().plan().due().get(0);
    }
}
