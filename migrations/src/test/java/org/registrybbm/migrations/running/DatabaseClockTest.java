package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Invariant 6: only the database's clock decides. */
@ExtendWith(PostgresExtension.class)
class DatabaseClockTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    DatabaseClockTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void aLeaseLivesAndDiesByWhatTheDatabaseSays() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 100);
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = engine.planner().plan().due().get(0);

        lease("clock_timestamp() + interval '1 hour'");
        assertThat(engine.planner().plan().due()).doesNotContain(job);
        assertThat(engine.runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.LEASED));

        lease("clock_timestamp() - interval '1 microsecond'");
        assertThat(engine.planner().plan().due()).contains(job);
        assertThat(engine.runner().run(job, StopSignal.NEVER)).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(fixture.jobs("m", "takeover_count").get(0)).isEqualTo("1");
        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void leasesLastAsLongAsTheSettingsSayFromTheDatabasesNow() {
        fixture.items(1, 100).queueItems("m", "looking", 100);
        List<String> lasts = new ArrayList<>();

        fixture.runAll(Map.of("looking", context -> {
            lasts.addAll(database.column("""
                    SELECT extract(epoch FROM lease_until - started_at) BETWEEN 9.9 AND 10.5
                    FROM batched_background_migration_jobs
                    WHERE lease_token IS NOT NULL
                    """));
            return ItemsWork.addOne(context);
        }));

        assertThat(lasts).isNotEmpty().containsOnly("t");
    }

    @Test
    void readsTheSameInstantInWhateverTimeZoneTheSessionIs() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 100);
        fixture.runAll(Map.of());

        BatchedMigration finished =
                fixture.engine(Map.of()).store().list(List.of("m")).get(0);

        assertThat(finished.timeline().finishedAt()).isNotNull();
        assertThat(database.text(
                        "SELECT abs(extract(epoch FROM finished_at - ?::timestamptz)) < 0.001 FROM batched_background_migrations",
                        String.valueOf(finished.timeline().finishedAt())))
                .isEqualTo("t");
    }

    private void lease(String until) {
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_token = -1, lease_owner = 'other', lease_until = %s
                """.formatted(until));
    }
}
