package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Somebody's old transaction keeps the index entries of all rows that are done, as that of a {@code pg_dump} does. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class OldSnapshotTest {
    private static final int ROWS = 200_000;
    private static final int SUB_BATCH = 500;
    // Without foresight, each sub-batch steps over half of the rows on average: 200 entries for each row.
    private static final int ENTRIES_A_ROW = 60;

    private final EngineFixture fixture;
    private final TestDatabase database;

    OldSnapshotTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @ParameterizedTest
    @ValueSource(strings = {"NullKeySetBatchingStrategy", "PredicateBatchingStrategy"})
    @Sample(oneOf = 2)
    void isSteppedOverForManySubBatchesAtOnce(String strategy) throws SQLException {
        database.execute("""
                CREATE TABLE t.nulls (k bigint, v bigint, n int NOT NULL DEFAULT 0);
                INSERT INTO t.nulls (k) SELECT generate_series(1, %d);
                CREATE INDEX undone ON t.nulls (v) WHERE v IS NULL
                """.formatted(ROWS));
        database.execute("VACUUM ANALYZE t.nulls");
        database.execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, batch_size_fixed, sub_batch_size_max, status,
                        job_signature_name, table_name, column_name, batching_strategy)
                VALUES ('m', 0, 0, 1000000, true, %d, 1, 'fill', 't.nulls', 'v', '%s')
                """.formatted(SUB_BATCH, strategy));
        WorkFunction fill = context -> context.update("v = k, n = n + 1");

        try (Connection person = database.getConnection();
                Statement statement = person.createStatement()) {
            statement.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
            statement.execute("SELECT count(*) FROM pg_class");

            assertThat(fixture.drain(Map.of("fill", fill.withPending("v IS NULL")))
                            .isComplete())
                    .isTrue();
        }

        assertThat(database.number("SELECT count(*) FROM t.nulls WHERE v = k AND n = 1"))
                .isEqualTo(ROWS);
        assertThat(entriesRead()).isBetween((long) ROWS, (long) ROWS * ENTRIES_A_ROW);
    }

    /** They are counted a moment after the transaction. */
    private long entriesRead() {
        String read = "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'undone'";
        await().atMost(Duration.ofSeconds(20)).until(() -> database.number(read) >= ROWS);
        System.out.printf("%.1f index entries were read for each row%n", (double) database.number(read) / ROWS);
        return database.number(read);
    }
}
