package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A table that is dropped or renamed in the middle of its migration, and comes back as it was or as a copy. */
@ExtendWith(PostgresExtension.class)
class TableReplacedTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    TableReplacedTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (k text PRIMARY KEY, id bigint UNIQUE, n int NOT NULL DEFAULT 0);
                INSERT INTO t.items SELECT 'k' || i, i FROM generate_series(1, 500) i
                """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"k", "id"})
    void failsWithoutItAndGoesOnWithACopyOfIt(String key) {
        fixture.queue(ItemsWork.ADD_ONE, null, key, 100, 30);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        engine.runner().run(due.get(0), StopSignal.NEVER);
        database.execute("CREATE TABLE t.copy (LIKE t.items INCLUDING ALL); INSERT INTO t.copy SELECT * FROM t.items");
        database.execute("DROP TABLE t.items");

        fixture.drain(Map.of());
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("1");

        database.execute("ALTER TABLE t.copy RENAME TO items");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(strings = {"k", "id"})
    void followsNeitherARenamedTableNorLosesItsPlace(String key) {
        fixture.queue(ItemsWork.ADD_ONE, null, key, 100, 30);
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        database.execute("ALTER TABLE t.items RENAME TO moved");

        fixture.drain(Map.of());
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("1");

        database.execute("UPDATE batched_background_migrations SET table_name = 't.moved', status = 1");
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        assertThat(database.column("SELECT DISTINCT n FROM t.moved")).containsExactly("1");
    }
}
