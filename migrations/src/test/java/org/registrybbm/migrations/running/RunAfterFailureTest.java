package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Running a migration again that has failed. */
@ExtendWith(PostgresExtension.class)
class RunAfterFailureTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    RunAfterFailureTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void aMigrationWithoutProgressRunsAgainOnceItsWorkIsMended() {
        database.execute("""
                CREATE TABLE t.n (k bigint PRIMARY KEY, v bigint);
                INSERT INTO t.n SELECT generate_series(1, 50);
                CREATE INDEX ON t.n (v) WHERE v IS NULL
                """);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("fill")
                        .table("t.n")
                        .byNull("v")
                        .batchSize(10)
                        .build());
        fixture.runAll(Map.of("fill", context -> 0));
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("14");

        fixture.runAll(Map.of(
                "fill", context -> ItemsWork.update(context.connection(), "UPDATE t.n SET v = 1 WHERE v IS NULL")));

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number("SELECT count(*) FROM t.n WHERE v IS NULL")).isZero();
    }
}
