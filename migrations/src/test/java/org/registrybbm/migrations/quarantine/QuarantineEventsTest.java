package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.failure.Failure;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Whoever listens hears why rows were quarantined. */
@ExtendWith(PostgresExtension.class)
class QuarantineEventsTest {
    private final EngineFixture fixture;
    private final TestDatabase database;
    private final List<MigrationEvent.RowsQuarantined> heard = new ArrayList<>();

    QuarantineEventsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void tellOfEachRowThatTheDatabaseRefused() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT picky CHECK (n = 0 OR id NOT IN (3, 7))");

        engine().runToEnd(List.of(), StopSignal.NEVER);

        assertThat(heard).singleElement().satisfies(event -> {
            assertThat(event.replica()).isEqualTo("lab");
            assertThat(event.failures()).extracting(Failure::sqlState).containsExactly("23514", "23514");
        });
    }

    @Test
    void tellOfARowThatKilledItsWorkerEachTime() {
        fixture.items(1, 10).queueItems("m", ItemsWork.ADD_ONE, 10);
        fixture.firstDue();
        database.execute(
                "UPDATE batched_background_migration_jobs SET attempts = 5, sub_batch_size = 1, lease_owner = 'dead'");

        engine().planner().plan();

        assertThat(heard).singleElement().satisfies(event -> {
            assertThat(event.replica()).isEqualTo("dead");
            assertThat(event.failures())
                    .singleElement()
                    .satisfies(failure -> assertThat(failure.message()).startsWith("killed its worker"));
        });
        engine().runToEnd(List.of(), StopSignal.NEVER);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(database.column("SELECT id FROM t.items WHERE n = 0")).containsExactly("1");
    }

    private BatchedMigrations engine() {
        return BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .replica("lab")
                .listener(event -> {
                    if (event instanceof MigrationEvent.RowsQuarantined quarantined) {
                        heard.add(quarantined);
                    }
                })
                .build();
    }
}
