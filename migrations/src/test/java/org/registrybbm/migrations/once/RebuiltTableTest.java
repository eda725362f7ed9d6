package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A table that somebody builds anew under its name while a worker knows the object id of the one before. */
@ExtendWith(PostgresExtension.class)
class RebuiltTableTest {
    private static final String REBUILD = """
            LOCK TABLE t.items IN ACCESS EXCLUSIVE MODE;
            CREATE TABLE t.anew (LIKE t.items INCLUDING ALL);
            INSERT INTO t.anew SELECT * FROM t.items;
            DROP TABLE t.items;
            ALTER TABLE t.anew RENAME TO items
            """;

    private final EngineFixture fixture;
    private final TestDatabase database;

    RebuiltTableTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
    }

    /** Its key is watched by the object id, which nobody may read any more: that is no missing right. */
    @Test
    void isFoundByAWorkerThatWaitsForIt() throws SQLException {
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = engine.planner().plan().due().get(0);
        Worker<BatchOutcome> worker;
        try (Connection somebody = database.getConnection()) {
            somebody.setAutoCommit(false);
            ItemsWork.update(somebody, REBUILD);
            worker = Worker.start(() -> engine.runner().run(job, StopSignal.NEVER));
            Awaitility.await()
                    .until(() ->
                            database.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
                                    > 0);
            somebody.commit();
        }

        assertThat(worker.result()).isNotInstanceOf(BatchOutcome.Failed.class);
        assertThat(fixture.of("m", "concat(failure_error_code, ' ', failure_message)"))
                .isBlank();
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void endsTheRunOfABatchJobThatIsUnderWay() {
        AtomicBoolean rebuilt = new AtomicBoolean();
        BatchedMigrations engine = BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .listener(event -> {
                    if (event instanceof MigrationEvent.SubBatchCommitted && rebuilt.compareAndSet(false, true)) {
                        database.execute("BEGIN; " + REBUILD + "; COMMIT");
                    }
                })
                .build();
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_max = 3");
        long job = engine.planner().plan().due().get(0);

        assertThat(engine.runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.DEFINITION_CHANGED));

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }
}
