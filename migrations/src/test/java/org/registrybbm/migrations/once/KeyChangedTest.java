package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Work and triggers that change the key which the batches are cut by, so that rows would be changed twice or never. */
@ExtendWith(PostgresExtension.class)
class KeyChangedTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    KeyChangedTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (
                    id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, tenant int NOT NULL DEFAULT 1,
                    updated_at timestamptz NOT NULL DEFAULT '2020-01-01'
                );
                CREATE INDEX ON t.items (updated_at);
                CREATE INDEX ON t.items (tenant, updated_at);
                INSERT INTO t.items (id, updated_at)
                SELECT i, timestamptz '2020-01-01' + i * interval '1 minute' FROM generate_series(1, 3000) i
                """);
    }

    private void touchWhen(String condition) {
        touch("t.items", "UPDATE", condition);
    }

    private void touch(String table, String event, String condition) {
        database.execute("""
                CREATE FUNCTION t.touch() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN new.updated_at := clock_timestamp(); RETURN new; END';
                CREATE TRIGGER touch BEFORE %s ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION t.touch()
                """.formatted(event, table, condition));
    }

    private void assertRefusedAndNothingChangedTwice() {
        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith("21 the work function 'work' or a trigger of t.items changes");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n > 1")).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "updated_at | true",
                "tenant, updated_at | true",
                "updated_at | old.id % 700 = 5",
                "updated_at | old.id = 2999",
            })
    void refusesAKeyThatATriggerChanges(String key, String condition) {
        touchWhen(condition);
        fixture.queue(WORK, null, key, 1_000, 500);

        fixture.drain(Map.of(WORK, ItemsWork::addOne));

        assertRefusedAndNothingChangedTwice();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "id = id + 1",
                "id = id + 100000",
                "id = id + 701",
                "id = -id",
                "id = CASE WHEN id % 400 = 8 THEN id + 100001 ELSE id END",
            })
    void refusesWorkThatChangesItsKey(String assignment) {
        database.execute("TRUNCATE t.items; INSERT INTO t.items (id) SELECT generate_series(2, 6000, 2)");
        fixture.queue(WORK, null, "id", 1_000, 500);

        fixture.drain(Map.of(WORK, context -> context.update("n = n + 1, " + assignment)));

        assertRefusedAndNothingChangedTwice();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "id | {\"from\": \"target\", \"to\": \"id\"} | ",
                "updated_at | {\"from\": \"id\", \"to\": \"target\"} | UPDATE",
                "updated_at | {\"from\": \"id\", \"to\": \"target\"} | UPDATE OF target",
                "updated_at | {\"from\": \"id\", \"to\": \"target\"} | UPDATE OF doubled",
            })
    void refusesTheShippedWorkToo(String key, String arguments, @Nullable String event) {
        database.execute("""
                ALTER TABLE t.items ADD COLUMN target bigint, ADD COLUMN doubled bigint GENERATED ALWAYS AS (target * 2) STORED;
                UPDATE t.items SET target = id + 100000
                """);
        if (event != null) {
            touch("t.items", event, "true");
        }
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", arguments)
                        .table("t.items")
                        .byKey(key)
                        .batchSize(500)
                        .build());

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith("21 the work function 'copyColumn' or a trigger of t.items changes");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE id > 3000"))
                .isZero();
    }

    @Test
    void refusesItOverAPartitionedTableThatIsWalkedAsAWhole() {
        database.execute("DROP TABLE t.items");
        PartitionedItems.create(database, PartitionedItems.HALVES);
        long id = fixture.queue(WORK, null, "id", 1_000, 100);
        walkAsAWhole(id);

        fixture.drain(Map.of(WORK, context -> context.update("n = n + 1, id = id + 1000")));

        assertRefusedAndNothingChangedTwice();
    }

    /** As where the container registry's own software has begun it. */
    private void walkAsAWhole(long id) {
        database.execute("""
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, min_value, max_value, status)
                VALUES (%d, -9223372036854775808, 0, 2)
                """.formatted(id));
    }

    @Test
    void refusesATriggerOfOnePartitionOfATableThatIsWalkedAsAWhole() {
        database.execute("""
                DROP TABLE t.items;
                CREATE TABLE t.items (
                    id bigint, target bigint, tenant int, updated_at timestamptz, PRIMARY KEY (tenant, id)
                ) PARTITION BY LIST (tenant);
                CREATE TABLE t.items_1 PARTITION OF t.items FOR VALUES IN (1);
                CREATE TABLE t.items_2 PARTITION OF t.items FOR VALUES IN (2);
                CREATE INDEX ON t.items (updated_at);
                INSERT INTO t.items (id, tenant, updated_at)
                SELECT i, i % 2 + 1, timestamptz '2020-01-01' + i * interval '1 minute' FROM generate_series(1, 3000) i
                """);
        touch("t.items_2", "UPDATE", "true");
        long id = fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", "{\"from\": \"id\", \"to\": \"target\"}")
                        .table("t.items")
                        .byKey("updated_at")
                        .batchSize(500)
                        .build());
        walkAsAWhole(id);

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code || ' ' || failure_message"))
                .startsWith("21 the work function 'copyColumn' or a trigger of t.items changes");
    }

    @Test
    void takesAKeyOfWhichNothingChanges() {
        touchWhen("true");
        fixture.queue(WORK, null, "id", 1_000, 500);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork::addOne)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE %1$s SET n = n + 2 WHERE %2$s; UPDATE %1$s SET n = n - 1 WHERE %2$s",
                "DELETE FROM %1$s WHERE %2$s AND id %% 2 = 0; UPDATE %1$s SET n = n + 1 WHERE %2$s",
                "UPDATE %1$s SET n = n + 1 WHERE %2$s; INSERT INTO t.items (id, n) SELECT -id, 1 FROM %1$s WHERE %2$s",
            })
    void takesWorkThatDoesMoreThanOneUpdateOfEachRow(String statements) {
        fixture.queue(WORK, null, "id", 1_000, 500);
        WorkFunction work = context -> {
            long changed = 0;
            for (String statement : statements
                    .formatted(context.table(), context.batch().predicate())
                    .split("; ")) {
                changed += ItemsWork.update(context.connection(), statement);
            }
            return changed;
        };
        database.execute("UPDATE batched_background_migrations SET min_value = 1");

        assertThat(fixture.drain(Map.of(WORK, work)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void takesRowsThatTheApplicationMovesMeanwhile() {
        fixture.queue(WORK, null, "id", 1_000, 500);
        WorkFunction work = context -> {
            long changed = ItemsWork.addOne(context);
            move(ItemsWork.lastKey(context));
            return changed;
        };

        assertThat(fixture.drain(Map.of(WORK, work)).isComplete()).isTrue();
    }

    private void move(long beyond) throws SQLException {
        try (var connection = database.getConnection()) {
            ItemsWork.update(connection, "UPDATE t.items SET tenant = 2 WHERE id > ? AND id <= ?", beyond, beyond + 10);
        }
    }
}
