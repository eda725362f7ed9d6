package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.MortalReplica;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows that kill whoever works on them are quarantined, several of them too, and the others are changed once. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class PoisonTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    PoisonTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private BatchedMigrations engine(WorkFunction work) {
        return BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(WorkRegistry.builder()
                        .register(ItemsWork.ADD_ONE, work.withPending("v IS NULL"))
                        .build())
                .build();
    }

    private static long doOne(WorkContext context) throws SQLException {
        return context.update("n = n + 1, v = 1");
    }

    /** Runs until nothing is runnable, with a replica that dies when it is given a poisonous row. */
    private int runDying() {
        BatchedMigrations planning = engine(PoisonTest::doOne);
        int deaths = 0;
        for (int turn = 0; turn < 300 && fixture.status("m").isRunnable(); turn++) {
            for (long job : planning.planner().plan().due()) {
                MortalReplica replica = new MortalReplica(database);
                WorkFunction deadly = context -> {
                    if (database.number("SELECT count(*) FROM t.items WHERE poison AND "
                                    + context.batch().predicate())
                            > 0) {
                        replica.die();
                    }
                    return doOne(context);
                };
                replica.run(job, deadly.withPending("v IS NULL"));
                deaths += replica.isDead() ? 1 : 0;
            }
            fixture.expireLeases();
        }
        return deaths;
    }

    @Test
    void stopsWhereTheQuarantineIsFull() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, v int, n int NOT NULL DEFAULT 0, poison boolean);
                INSERT INTO t.items SELECT i, NULL, 0, true FROM generate_series(1, 40) i
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 4, 4);
        database.execute("UPDATE batched_background_migrations SET quarantine_limit = 8");

        runDying();

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("16");
        assertThat(fixture.quarantine("row_key ->> 'id'")).hasSize(8);
    }

    @Test
    void setsNoneOfManyRowsAsideThatShareTheKeyOfOne() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, k int NOT NULL, v int, n int NOT NULL DEFAULT 0);
                CREATE INDEX ON t.items (k);
                INSERT INTO t.items SELECT i, 5, NULL, 0 FROM generate_series(1, 1500) i
                """);
        fixture.queue(ItemsWork.ADD_ONE, null, "k", 4, 4);
        fixture.firstDue();
        database.execute(
                "UPDATE batched_background_migration_jobs SET attempts = 5, sub_batch_size = 1, lease_owner = 'dead'");

        engine(PoisonTest::doOne).planner().plan();

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("4");
        assertThat(fixture.of("m", "failure_message"))
                .contains("killed its worker")
                .contains("walk a unique key");
        assertThat(fixture.quarantine("1")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({",k", "NullKeySetBatchingStrategy,v", "PredicateBatchingStrategy,''", "BlockBatchingStrategy,''"})
    @Sample(oneOf = 2)
    void quarantinesEachOfThem(String strategy, String column) {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, k text NOT NULL, v int, n int NOT NULL DEFAULT 0, poison boolean);
                CREATE INDEX ON t.items (k);
                CREATE INDEX ON t.items (v) WHERE v IS NULL;
                INSERT INTO t.items SELECT i, 'k' || i, NULL, 0, i IN (7, 250) FROM generate_series(1, 400) i
                """);
        fixture.queue(ItemsWork.ADD_ONE, strategy, column, 1_000, 1_000);
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_min = NULL, quarantine_limit = 1000");

        int deaths = runDying();

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(deaths).isLessThan(30);
        List<String> left = database.column("SELECT id::text FROM t.items WHERE n <> 1 ORDER BY id");
        assertThat(left).contains("7", "250");
        assertThat(fixture.quarantine("row_key ->> 'id'")).containsExactlyInAnyOrderElementsOf(left);

        database.execute("UPDATE t.items SET poison = false");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(engine(PoisonTest::doOne)
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .isComplete())
                .isTrue();
        fixture.assertEachItemChangedOnce();
    }
}
