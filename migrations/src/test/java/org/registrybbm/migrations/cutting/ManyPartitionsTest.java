package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.CountedStatements;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.StatementLog;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a table costs of which most partitions are empty. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class ManyPartitionsTest {
    private static final String WORK = "work";
    private static final int PARTITIONS = 300;

    private final EngineFixture fixture;
    private final TestDatabase database;

    ManyPartitionsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** Partitions of 10 keys each; only the first one has rows. */
    @BeforeEach
    void partitions() {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, v bigint) PARTITION BY RANGE (id);
                """
                + IntStream.range(0, PARTITIONS)
                        .mapToObj(i -> "CREATE TABLE t.p%d PARTITION OF t.items FOR VALUES FROM (%d) TO (%d);"
                                .formatted(i, 10 * i, 10 * i + 10))
                        .collect(Collectors.joining("\n"))
                + "INSERT INTO t.items (id) SELECT generate_series(0, 9)");
    }

    @Test
    void emptyOnesGetNoBatchJobs() {
        fixture.queueItems("m", WORK, 100);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs"))
                .as("one changes the rows, one verifies them")
                .isEqualTo(2);
    }

    @Test
    void oneThatGetsRowsMeanwhileIsWalked() {
        fixture.queueItems("m", WORK, 100);
        WorkFunction inserting = context -> {
            database.execute("INSERT INTO t.items (id) SELECT generate_series(100, 104) ON CONFLICT DO NOTHING");
            return ItemsWork.DO_ONE.migrate(context);
        };

        assertThat(fixture.drain(Map.of(WORK, inserting)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n = 1")).isEqualTo(15);
    }

    @Test
    void oneWhoseRowsAreDeletedIsAsGoodAsEmpty() {
        database.execute("INSERT INTO t.items (id) VALUES (55); DELETE FROM t.items WHERE id = 55");
        fixture.queueItems("m", WORK, 100);

        assertThat(fixture.drain(Map.of(WORK, ItemsWork.DO_ONE)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aPlanLocksFewOfThem() {
        AtomicLong locks = new AtomicLong();
        fixture.queueItems("m", WORK, 100);
        WorkFunction counting = new WorkFunction() {
            @Override
            public void check(WorkContext context) throws SQLException {
                // In the transaction of the plan or of the sub-batch.
                try (Statement statement = context.connection().createStatement();
                        ResultSet row =
                                statement.executeQuery("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")) {
                    row.next();
                    locks.accumulateAndGet(row.getLong(1), Math::max);
                }
            }

            @Override
            public long migrate(WorkContext context) throws SQLException {
                check(context);
                return ItemsWork.DO_ONE.migrate(context);
            }
        };

        assertThat(fixture.drain(Map.of(WORK, counting)).isComplete()).isTrue();

        assertThat(locks.get()).isBetween(1L, 99L);
    }

    /** Nor do they ask for what is in the tree, whose answer may be one row. */
    @Test
    void aPlanAndABatchJobReadNoMoreThanTheOnesThatTheyWorkOn() {
        fixture.limits(1, 1).queueItems("m", WORK, 100);
        database.execute("INSERT INTO t.items (id) SELECT generate_series(10, %d)".formatted(10 * PARTITIONS - 1));
        BatchedMigrations before = fixture.engine(Map.of(WORK, ItemsWork.DO_ONE));
        before.runner().run(before.planner().plan(1).due().get(0), StopSignal.NEVER);
        CountedStatements counted = new CountedStatements(database);
        StatementLog log = new StatementLog(counted);
        BatchedMigrations engine = BatchedMigrations.on(log)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of(WORK, ItemsWork.DO_ONE)))
                .build();

        engine.runner().run(engine.planner().plan(1).due().get(0), StopSignal.NEVER);

        assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs WHERE status = 2"))
                .isEqualTo(2);
        assertThat(counted.mostRows()).isLessThan(PARTITIONS / 10);
        String root = database.text("SELECT 't.items'::regclass::oid");
        assertThat(log.statements())
                .noneMatch(sql ->
                        sql.contains("RECURSIVE tree") && sql.substring(0, 80).contains("'" + root + "'"))
                .anyMatch(sql -> sql.contains("RECURSIVE tree"));
    }
}
