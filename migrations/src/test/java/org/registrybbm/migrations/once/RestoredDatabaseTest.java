package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A half-run migration in a database where every table has another object id, as after a dump was restored. */
@ExtendWith(PostgresExtension.class)
class RestoredDatabaseTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    RestoredDatabaseTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** What the tables say after a restore: another origin, and object ids of nothing or, worse, of one another. */
    private void restore(boolean permuted) {
        String other = permuted ? """
                (
                    SELECT coalesce(
                        (SELECT min(oid::bigint) FROM leaf WHERE oid::bigint > %1$s.table_oid::bigint),
                        (SELECT min(oid::bigint) FROM leaf)
                    )
                )::oid
                """ : "(table_oid::bigint + 3000000)::oid";
        for (String table :
                new String[] {"batched_background_migration_walks", "batched_background_migration_quarantined_rows"}) {
            database.execute("""
                    ALTER TABLE batched_background_migration_walks
                        DROP CONSTRAINT IF EXISTS unique_batched_background_migration_walks;
                    ALTER TABLE batched_background_migration_quarantined_rows
                        DROP CONSTRAINT IF EXISTS unique_batched_background_migration_quarantined_rows;
                    CREATE TEMPORARY TABLE leaf AS SELECT relid AS oid FROM pg_partition_tree('t.items') WHERE isleaf;
                    UPDATE %1$s SET table_oid = %2$s;
                    UPDATE batched_background_migration_walks SET origin = 'another server'
                    """.formatted(table, other.formatted(table)));
        }
        database.execute("""
                ALTER TABLE batched_background_migration_walks
                    ADD CONSTRAINT unique_batched_background_migration_walks
                    UNIQUE (batched_background_migration_id, table_oid, kind, pass);
                ALTER TABLE batched_background_migration_quarantined_rows
                    ADD CONSTRAINT unique_batched_background_migration_quarantined_rows
                    UNIQUE (batched_background_migration_id, table_oid, row_key)
                """);
    }

    @ParameterizedTest
    @CsvSource({"k, true", "k, false", "id, true", "id, false"})
    @Sample(oneOf = 2)
    void goesOnInEachPartitionWhereItStood(String key, boolean permuted) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, key, 50, 20);
        BatchedMigrations engine = fixture.engine(Map.of());
        for (int turn = 0; turn < 2; turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        assertThat(database.number("SELECT sum(n) FROM t.items")).isBetween(100L, 300L);

        restore(permuted);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void findsQuarantinedRowsAgain(boolean permuted) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT odd CHECK (id NOT IN (7, 12, 13) OR n = 0)");
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (p, id)");
        fixture.queue(WORK, null, "id", 200, 200);
        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");

        restore(permuted);
        database.execute("ALTER TABLE t.items DROP CONSTRAINT odd");
        fixture.engine(Map.of()).quarantine().retry(java.util.List.of("m"));

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.quarantine("status")).containsOnly("done");
    }

    @Test
    void neverFinishesWhileARowIsToBeTriedAgainWhoseTableIsGone() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT odd CHECK (id <> 7 OR n = 0)");
        database.execute("ALTER TABLE t.items ADD PRIMARY KEY (p, id)");
        fixture.queue(WORK, null, "id", 200, 200);
        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));
        database.execute("ALTER TABLE t.items DETACH PARTITION t.high");
        fixture.engine(Map.of()).quarantine().retry(java.util.List.of("m"));

        fixture.drain(Map.of(WORK, ItemsWork.DO_ONE));

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith("15 1 row was to be tried again in a partition that the table does not have any more");
        assertThat(fixture.quarantine("status")).containsExactly("retrying");

        database.execute("ALTER TABLE t.items ATTACH PARTITION t.high FOR VALUES FROM (5) TO (10)");
        database.execute("ALTER TABLE t.items DROP CONSTRAINT odd");
        fixture.engine(Map.of()).quarantine().retry(java.util.List.of("m"));
        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @CsvSource({"k", "id"})
    void goesOnInAPartitionThatWasBuiltAnewUnderItsName(String key) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, key, 50, 20);
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));

        database.execute("""
                CREATE TABLE t.green (LIKE t.low INCLUDING ALL);
                INSERT INTO t.green SELECT * FROM t.low;
                DROP TABLE t.low;
                ALTER TABLE t.green RENAME TO low;
                ALTER TABLE t.items ATTACH PARTITION t.low FOR VALUES FROM (0) TO (5)
                """);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    /** As providers of managed servers do. */
    @Test
    void runsAsARoleThatMayNotReadTheSystemIdentifier() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, "k", 50, 20);
        TestDatabase engine = EngineRole.of(database);
        database.execute(
                EngineRole.in("GRANT USAGE ON SCHEMA t TO engine; GRANT ALL ON ALL TABLES IN SCHEMA t TO engine"));
        database.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
        try {
            new EngineFixture(engine).firstDue();
            restore(true);

            assertThat(new EngineFixture(engine).drain(Map.of()).isComplete()).isTrue();
        } finally {
            database.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
        }
        fixture.assertEachItemChangedOnce();
    }

    /** A trigger of the restored scheduler may fire before anything was planned. */
    @Test
    void aBatchJobThatStartsBeforeThePlannerCameChangesNothing() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, "k", 50, 20);
        BatchedMigrations engine = fixture.engine(Map.of());
        long job = engine.planner().plan().due().get(0);
        restore(true);

        assertThat(engine.runner().run(job, StopSignal.NEVER))
                .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.DEFINITION_CHANGED));

        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    private void runFirstBatches() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, "k", 50, 20);
        BatchedMigrations engine = fixture.engine(Map.of());
        engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
    }

    @Test
    void knowsAPartitionThatWasRenamedBeforeTheDump() {
        runFirstBatches();
        database.execute("ALTER TABLE t.low RENAME TO lower");
        fixture.engine(Map.of()).planner().plan();

        restore(false);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void refusesToGuessWhetherAPartitionIsAnotherOneUnderAnotherName() {
        runFirstBatches();
        restore(false);
        database.execute("ALTER TABLE t.low RENAME TO lower");

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith(
                        "22 this database was restored from a dump, and no table in it is called t.low any more; the rows may"
                                + " now be in t.lower");

        database.execute("ALTER TABLE t.lower RENAME TO low");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }
}
