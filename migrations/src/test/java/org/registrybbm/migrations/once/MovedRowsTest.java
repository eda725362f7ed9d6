package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.PartitionedItems;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows that the application moves to another partition, or to another place of the key, while a migration runs. */
@ExtendWith(PostgresExtension.class)
class MovedRowsTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    MovedRowsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        PartitionedItems.create(database, PartitionedItems.HALVES);
    }

    /** Work around which the application moves rows, before the first call and after some. */
    private WorkFunction around(String move) {
        AtomicInteger calls = new AtomicInteger();
        WorkFunction moving = context -> {
            long changed = ItemsWork.DO_ONE.migrate(context);
            if (calls.incrementAndGet() % 2 == 0) {
                // Of rows that no sub-batch under way has locked.
                database.execute("SET lock_timeout = '100ms'; " + move.formatted(calls.get() % 20, context.table()));
            }
            return changed;
        };
        return moving.withPending("v IS NULL");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "k  | UPDATE t.items SET p = 9 - p WHERE id %% 20 = %d AND tableoid <> '%s'::regclass",
                "id | UPDATE t.items SET p = 9 - p WHERE id %% 20 = %d AND tableoid <> '%s'::regclass",
                "id | UPDATE t.items SET id = id + 10000 WHERE id IN"
                        + " (SELECT id FROM t.items WHERE id %% 20 = %d AND id < 10000 FOR UPDATE SKIP LOCKED)",
                "id | UPDATE t.items SET id = -id WHERE id IN"
                        + " (SELECT id FROM t.items WHERE id %% 20 = %d FOR UPDATE SKIP LOCKED)",
            })
    @Sample(oneOf = 2)
    void changesEachOnceWhereTheWorkFunctionSaysWhatIsPending(String key, String move) {
        fixture.queue(WORK, null, key, 40, 10);

        assertThat(fixture.drain(Map.of(WORK, around(move))).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    /** A row that is not done comes before the proof, and goes where the proof has been as soon as that is somewhere else. */
    private WorkFunction movingBehindTheProof() {
        Set<String> asked = new HashSet<>();
        return new WorkFunction() {
            @Override
            public long migrate(WorkContext context) throws SQLException {
                return ItemsWork.DO_ONE.migrate(context);
            }

            @Override
            public Optional<String> pending(WorkContext context) {
                boolean proves =
                        database.number("SELECT count(*) FROM batched_background_migration_walks WHERE kind = 'verify'")
                                > 0;
                if (proves && asked.isEmpty()) {
                    database.execute("INSERT INTO t.items (p, k, id) VALUES (8, 9999, 9999)");
                }
                if (proves && asked.add(context.table()) && context.table().equals("t.high")) {
                    database.execute("UPDATE t.items SET p = 1 WHERE id = 9999");
                }
                return Optional.of("v IS NULL");
            }
        };
    }

    @Test
    void areFoundWhereTheyGoWhileItIsProvedThatNoneIsLeft() {
        fixture.limits(1, 1).queue(WORK, null, "id", 40, 10);

        assertThat(fixture.drain(Map.of(WORK, movingBehindTheProof())).isComplete())
                .isTrue();

        assertThat(database.number("SELECT count(*) FROM t.items WHERE id = 9999 AND p = 1"))
                .isEqualTo(1);
        fixture.assertEachItemChangedOnce();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    @Test
    void warnsAtTheStartWhereItDoesNot() {
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 40, 10);

        fixture.drain(Map.of());

        assertThat(fixture.engine(Map.of()).eventLog().newest("m", 100))
                .filteredOn(event -> event.event().equals("warned"))
                .singleElement()
                .satisfies(event -> assertThat(event.reason())
                        .startsWith("rows that the application moves to another partition of t.items while it runs"));
    }

    @Test
    void warnsOfNoTableThatHasNoPartitions() {
        database.execute("DROP TABLE t.items");
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 50);

        fixture.drain(Map.of());

        assertThat(fixture.engine(Map.of()).eventLog().newest("m", 100))
                .noneMatch(event -> event.event().equals("warned"));
    }
}
