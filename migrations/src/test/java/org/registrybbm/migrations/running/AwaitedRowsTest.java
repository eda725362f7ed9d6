package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.internal.jdbc.Jdbc;
import org.registrybbm.migrations.internal.tables.LockWaitQueries;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Sub-batches whose rows the application waits for. */
@ExtendWith(PostgresExtension.class)
class AwaitedRowsTest {
    private static final int WAITS = 3;

    private final TestDatabase database;
    private final EngineFixture fixture;
    private final List<Long> sizes = new ArrayList<>();
    private final List<Worker<Boolean>> application = new ArrayList<>();

    AwaitedRowsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(1, 1);
    }

    @Test
    void areFollowedByShorterOnesUntilNobodyWaits() {
        fixture.items(1, 9_000);
        fixture.queueItems("m", "slow", 9_000);

        assertThat(fixture.drain(Map.of("slow", this::changeSlowly)).isComplete())
                .isTrue();

        fixture.assertEachItemChangedOnce();
        application.forEach(one -> assertThat(one.result()).isTrue());
        // One of them may be larger: a probe, as the wait looks like a fixed cost.
        List<Long> after = sizes.subList(WAITS, WAITS + 15).stream().sorted().toList();
        assertThat(after.get(7)).as("the one in the middle of %s", sizes).isLessThan(sizes.get(0) / 2);
        assertThat(database.column(
                        "SELECT reason FROM batched_background_migration_events WHERE event = 'sub_batch_size'"))
                .contains("other sessions wait for its rows");
    }

    /** Takes half a millisecond for each row; the application waits for one of the first few sub-batches each. */
    private long changeSlowly(WorkContext context) throws SQLException {
        long changed = ItemsWork.addOne(context);
        if (sizes.size() < WAITS) {
            assertThat(isAwaited(context.connection())).isFalse();
            long key = ItemsWork.firstKey(context);
            application.add(Worker.start(() -> {
                database.execute("UPDATE t.items SET v = 1 WHERE id = " + key);
                return true;
            }));
            await().atMost(Duration.ofMinutes(1)).until(() -> isAwaited(context.connection()));
        }
        sizes.add(changed);
        context.execute("DO $$ BEGIN PERFORM pg_sleep(%s); END $$".formatted(changed * 0.0005));
        return changed;
    }

    private static boolean isAwaited(Connection connection) throws SQLException {
        return Jdbc.one(connection, "SELECT " + LockWaitQueries.IS_AWAITED, row -> row.getBoolean(1));
    }
}
