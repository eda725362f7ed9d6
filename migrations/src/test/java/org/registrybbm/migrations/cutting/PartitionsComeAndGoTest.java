package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Partitions that are attached, detached, dropped and renamed while a migration runs over their table. */
@ExtendWith(PostgresExtension.class)
class PartitionsComeAndGoTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    PartitionsComeAndGoTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** Runs the first batch jobs, does something to the partitions, and goes on. */
    private RunResult runAround(String change) {
        BatchedMigrations engine = fixture.engine(Map.of(WORK, ItemsWork.DO_ONE));
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        for (String statement : change.split("; ")) {
            database.execute(statement);
        }
        return fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "k  | ALTER TABLE t.low RENAME TO \"lowest, of all\"",
                "k  | CREATE SCHEMA t2; ALTER TABLE t.high SET SCHEMA t2; ALTER TABLE t2.high SET SCHEMA t; DROP SCHEMA t2",
                "k  | ALTER TABLE t.items DETACH PARTITION t.low",
                "k  | DROP TABLE t.low",
                "id | DROP TABLE t.high",
                "k  | ALTER TABLE t.items DETACH PARTITION t.low; ALTER TABLE t.items ATTACH PARTITION t.low FOR VALUES FROM (0) TO (5)",
                "k  | CREATE TABLE t.more PARTITION OF t.items FOR VALUES FROM (10) TO (20); INSERT INTO t.items (p, k, id) SELECT 11, i, i FROM generate_series(5000, 5200) i",
                "id | CREATE TABLE t.more PARTITION OF t.items DEFAULT; INSERT INTO t.items (p, k, id) SELECT 11, i, -i FROM generate_series(5000, 5200) i",
                "k  | TRUNCATE t.low",
            })
    @Sample(oneOf = 3)
    void followsItsPartitions(String key, String change) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(WORK, null, key, 100, 70);

        assertThat(runAround(change).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void takesUpAPartitionThatWasAwayForAWhile(int turns) {
        takesUp("k", turns);
        EngineFixture.clean(database);
        takesUp("id", turns);
    }

    private void takesUp(String key, int turns) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, key, 100, 70);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();

        database.execute("ALTER TABLE t.items DETACH PARTITION t.low");
        for (int turn = 0; turn < turns; turn++) {
            due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
            due = engine.planner().plan().due();
        }
        database.execute("ALTER TABLE t.items ATTACH PARTITION t.low FOR VALUES FROM (0) TO (5)");

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }
}
