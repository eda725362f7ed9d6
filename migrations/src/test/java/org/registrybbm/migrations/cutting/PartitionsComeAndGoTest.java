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
import org.registrybbm.migrations.testkit.Lab;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Partitions that are attached, detached, dropped and renamed while a migration runs over their table. */
@ExtendWith(PostgresExtension.class)
class PartitionsComeAndGoTest {
    private static final String WORK = "work";

    private final Lab lab;
    private final TestDatabase database;

    PartitionsComeAndGoTest(TestDatabase database) {
        this.database = database;
        this.lab = Lab.clean(database);
    }

    /** Runs the first batch jobs, does something to the partitions, and goes on. */
    private RunResult runAround(String change) {
        BatchedMigrations engine = lab.engine(Map.of(WORK, Lab.DO_ONE));
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        for (String statement : change.split("; ")) {
            database.execute(statement);
        }
        return lab.drain(Map.of(WORK, Lab.DO_ONE));
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
    void followsItsPartitions(String key, String change) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        lab.queue(WORK, null, key, 100, 70);

        assertThat(runAround(change).isComplete()).isTrue();

        lab.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void takesUpAPartitionThatWasAwayForAWhile(int turns) {
        takesUp("k", turns);
        Lab.clean(database);
        takesUp("id", turns);
    }

    private void takesUp(String key, int turns) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        lab.queue(Lab.ADD_ONE, null, key, 100, 70);
        BatchedMigrations engine = lab.engine(Map.of());
        List<Long> due = engine.planner().plan().due();

        database.execute("ALTER TABLE t.items DETACH PARTITION t.low");
        for (int turn = 0; turn < turns; turn++) {
            due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
            due = engine.planner().plan().due();
        }
        database.execute("ALTER TABLE t.items ATTACH PARTITION t.low FOR VALUES FROM (0) TO (5)");

        assertThat(lab.drain(Map.of()).isComplete()).isTrue();
        lab.assertEachItemChangedOnce();
    }
}
