package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.status.KeyMap.Cell;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Where a migration has been, as a page draws it. */
@ExtendWith(PostgresExtension.class)
class KeyMapTest {
    private final TestDatabase database;
    private final EngineFixture fixture;
    private final BatchedMigrations engine;

    KeyMapTest(TestDatabase database) {
        this.database = database;
        this.fixture = new EngineFixture(database);
        this.engine = fixture.engine(Map.of());
    }

    @BeforeEach
    void clean() {
        EngineFixture.clean(database);
    }

    private Optional<KeyMap> map(int cells) {
        MigrationOverview overview = engine.status().overviews(List.of("m")).get(0);
        return engine.status().map(overview, cells);
    }

    private static String letters(KeyMap map) {
        return map.cells().stream()
                .map(cell -> switch (cell) {
                    case FAILED -> "f";
                    case AT_WORK -> "w";
                    case OPEN -> "o";
                    case DONE -> "d";
                    case TO_DO -> ".";
                })
                .collect(Collectors.joining());
    }

    @Test
    void showsWhatIsDoneAtWorkFailedAndLeft() {
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 100);
        database.execute("ANALYZE t.items; UPDATE batched_background_migrations SET batch_size_max = 100");
        assertThat(map(10)).isEmpty();
        for (int i = 0; i < 2; i++) {
            for (long due : engine.planner().plan().due()) {
                engine.runner().run(due, StopSignal.NEVER);
            }
        }

        KeyMap map = map(10).orElseThrow();
        long last = database.number("SELECT max(max_value) FROM batched_background_migration_jobs");
        assertThat(map.last()).isBetween(last, 1_100L);
        assertThat(letters(map)).matches("d+\\.+");

        database.execute("""
                UPDATE batched_background_migration_jobs SET status = 3, attempts = 5, finished_at = NULL, last_key = NULL
                WHERE id = (SELECT min(id) FROM batched_background_migration_jobs);
                UPDATE batched_background_migration_jobs SET status = 1, last_key = NULL, lease_token = 1, lease_session = NULL,
                    lease_until = now() + interval '1 hour'
                WHERE id = (SELECT max(id) FROM batched_background_migration_jobs)
                """);
        assertThat(letters(map(100).orElseThrow())).matches("f+d*w+\\.+");
        assertThat(map(1).orElseThrow().cells()).containsExactly(Cell.FAILED);
    }

    @Test
    void isEmptyForAMigrationThatGoesAlongNoIntegerKey() {
        database.execute(
                "CREATE TABLE t.words (word text PRIMARY KEY, v int); INSERT INTO t.words VALUES ('a'), ('b')");
        database.execute("""
                SELECT queue_batched_migration(name => 'm', table_name => 't.words', key_columns => 'word',
                    work_function => 'fillColumn', arguments => '{"column": "v", "value": 1}')
                """);
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(map(10)).isEmpty();
    }
}
