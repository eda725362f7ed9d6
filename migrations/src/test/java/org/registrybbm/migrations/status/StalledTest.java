package org.registrybbm.migrations.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A migration on which a replica works without getting anywhere. */
@ExtendWith(PostgresExtension.class)
class StalledTest {
    private final TestDatabase database;
    private final EngineFixture fixture;

    StalledTest(TestDatabase database) {
        this.database = database;
        this.fixture = new EngineFixture(database);
        EngineFixture.clean(database);
    }

    private Reason reason() {
        return fixture.engine(Map.of())
                .status()
                .overviews(List.of("a b"))
                .get(0)
                .reason();
    }

    @Test
    void needsSomebodyAfterAQuarterOfAnHourWithoutARow() {
        fixture.items(1, 1_000).queueItems("a b", ItemsWork.ADD_ONE, 100);
        assertThat(fixture.engine(Map.of()).planner().plan().due()).isNotEmpty();
        database.execute("""
                UPDATE batched_background_migration_jobs SET status = 1, lease_owner = 'r1', lease_token = 1,
                    lease_until = now() + interval '1 hour';
                INSERT INTO batched_background_migration_samples
                    (batched_background_migration_id, slot, at, covered_tuple_count, migrated_tuple_count)
                SELECT m.id, 1000 + n, to_timestamp(10000 + 10 * n), 500, 500
                FROM batched_background_migrations m, generate_series(1, 60) AS n
                """);
        assertThat(reason().code()).isEqualTo(Reason.Code.RUNNING);

        database.execute("""
                INSERT INTO batched_background_migration_samples
                    (batched_background_migration_id, slot, at, covered_tuple_count, migrated_tuple_count)
                SELECT m.id, 1000 + n, to_timestamp(10000 + 10 * n), 500, 500
                FROM batched_background_migrations m, generate_series(61, 91) AS n
                """);
        assertThat(reason().code()).isEqualTo(Reason.Code.STALLED);
        assertThat(reason().code().attention()).isEqualTo(Reason.Attention.NEEDS_YOU);
        assertThat(reason().sentence()).startsWith("running on r1, but no row was looked at");
        assertThat(reason().command()).contains("registry background-migrate jobs 'a b'");

        database.execute("UPDATE batched_background_migration_samples SET covered_tuple_count = 501 WHERE slot = 1091");
        assertThat(reason().code()).isEqualTo(Reason.Code.RUNNING);
    }
}
