package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/**
 * The container registry's software takes a batch job with the migration's {@code max_value} for the last one of all, so only that of the
 * walk over the whole table carries it; the others cover the same keys.
 */
@ExtendWith(PostgresExtension.class)
class EndsOfWalksTest {
    private static final String WORK = "work";
    private static final String ENDS = """
            SELECT w.kind || ' of ' || w.table_name
            FROM batched_background_migration_jobs j
            JOIN batched_background_migrations m ON m.id = j.batched_background_migration_id
            JOIN batched_background_migration_walks w ON w.id = j.walk_id
            WHERE j.max_value = m.max_value
            ORDER BY j.id
            """;

    private final EngineFixture fixture;
    private final TestDatabase database;

    EndsOfWalksTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @ValueSource(longs = {396, 400, 401, Long.MAX_VALUE})
    @Sample(oneOf = 2)
    void noBatchJobOfOnePartitionEndsWithTheMaximumAndEachRowUpToItIsChangedOnce(long max) {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(WORK, null, "id", 100, 70);
        bounds(1, max);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        assertThat(database.column(ENDS)).isEmpty();
        assertThat(database.column("SELECT id FROM t.items WHERE n <> (id <= " + max + ")::int"))
                .isEmpty();
    }

    @Test
    void aVerificationDoesNotEndWithTheMaximum() {
        fixture.items(1, 100).queueItems("m", WORK, 50);
        bounds(1, 100);

        assertThat(fixture.runAll(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        assertThat(database.column(ENDS)).containsExactly("change of t.items");
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aWalkGoesOnFromThereWhenTheMaximumIsRaisedAndNoGapIsSeen() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 60, 70);
        bounds(1, 200);
        fixture.drain(Map.of());
        assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(200);

        bounds(1, 300);
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.drain(Map.of());

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.column("SELECT id FROM t.items WHERE n <> (id <= 300)::int"))
                .isEmpty();
        assertThat(database.column(ENDS)).isEmpty();
    }

    @Test
    void theEndOfAWalkIsFoundWhenItsBatchJobIsDeleted() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 60, 70);
        bounds(1, 400);
        fixture.limits(100, 100).engine(Map.of()).planner().plan();
        database.execute("""
                DELETE FROM batched_background_migration_jobs
                WHERE id IN (SELECT max(id) FROM batched_background_migration_jobs GROUP BY walk_id)
                """);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aRangeThatEndsWithThePartitionIsShortenedWhenThePartitionIsDetachedInTheMiddle() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 1_000, 50);
        bounds(1, 400);
        BatchedMigrations engine = fixture.engine(Map.of());
        List<Long> due = engine.planner().plan().due();
        long first = due.get(0);
        engine.runner().run(first, () -> database.number("SELECT sum(n) FROM t.items") > 0);
        String low = "t." + (database.number("SELECT sum(n) FROM t.low") > 0 ? "low" : "high");
        database.execute("ALTER TABLE t.items DETACH PARTITION " + low);
        engine.runner().run(first, StopSignal.NEVER);
        database.execute("ALTER TABLE t.items ATTACH PARTITION " + low + " FOR VALUES FROM "
                + (low.equals("t.low") ? "(0) TO (5)" : "(5) TO (10)"));

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void keysOtherThanIntegersHaveNoSuchEnd() {
        PartitionedItems.create(database, PartitionedItems.HALVES);
        fixture.queue(WORK, null, "k", 1_000, 70);
        bounds(0, 0);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        assertThat(fixture.jobs("m", "coalesce(through_key::text, 'to the end')"))
                .containsOnly("to the end");
        // One of each partition, and the proof.
        assertThat(fixture.jobs("m", "1")).hasSize(3);
        fixture.assertEachItemChangedOnce();
    }

    private void bounds(long min, long max) {
        database.execute("UPDATE batched_background_migrations SET min_value = " + min + ", max_value = " + max);
    }
}
