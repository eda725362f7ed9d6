package org.registrybbm.migrations.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.RegistryLock;
import org.registrybbm.migrations.spi.Planner;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** While a replica lives, the container registry's own workers stand still, and while they work, the replica does. */
@ExtendWith(PostgresExtension.class)
class RegistryLockTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    // What its worker does, in the transaction of one batch job.
    private static final String WORKER = "SELECT pg_try_advisory_xact_lock(1)";
    // What its command run does.
    private static final String RUN = "SELECT pg_advisory_xact_lock(1)";
    private static final String SHARERS = """
            SELECT count(*)
            FROM pg_locks l
            JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objid = 1 AND l.classid = 0
                AND l.mode = 'ShareLock' AND l.granted
            """;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final Connection registry;

    RegistryLockTest(TestDatabase database) throws SQLException {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("DROP TABLE IF EXISTS schema_migrations; CREATE TABLE schema_migrations (id text PRIMARY KEY);"
                + " COMMENT ON TABLE batched_background_migrations IS NULL");
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 10);
        registry = database.getConnection();
        registry.setAutoCommit(false);
    }

    @AfterEach
    void end() throws SQLException {
        registry.close();
        await().atMost(SOON).until(() -> database.number(SHARERS) == 0);
    }

    @Test
    void itsWorkerStandsStillAsLongAsAnyReplicaLives() throws SQLException {
        try (BatchedMigrations second = present(RegistryLock.AUTO)) {
            try (BatchedMigrations first = present(RegistryLock.AUTO)) {
                await().atMost(SOON).until(() -> database.number(SHARERS) == 2);
                assertThat(ask(WORKER)).isEqualTo("f");
                assertThat(first.presence().session()).isNotNull();
            }
            await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
            assertThat(ask(WORKER)).isEqualTo("f");
            assertThat(second.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }
        await().atMost(SOON).until(() -> database.number(SHARERS) == 0);
        assertThat(ask(WORKER)).isEqualTo("t");
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aReplicaPlansAndStartsNothingWhileItsWorkerIsAtWork() throws SQLException {
        long job = fixture.engine(Map.of()).planner().plan().due().get(0);
        assertThat(ask(WORKER)).isEqualTo("t");
        try (BatchedMigrations replica = present(RegistryLock.AUTO)) {
            await().atMost(SOON).until(() -> replica.presence().session() != null);

            assertThat(replica.planner().plan())
                    .isEqualTo(new Planner.Plan(List.of(), Set.of(), 1, true, Map.of(), true));
            assertThat(replica.runner().run(job, StopSignal.NEVER))
                    .isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.REGISTRY_AT_WORK));
            assertThat(explanation())
                    .matches(
                            "waits for the container registry's own software, which is at work on this database and holds"
                                    + " the advisory lock 1 in the session with the process id \\d+");
            registry.commit();

            await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
            assertThat(replica.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aReplicaThatStartsWaitsForItsRunThatWaitsForAnotherReplica() throws SQLException {
        BatchedMigrations first = present(RegistryLock.AUTO);
        await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
        Worker<String> run = Worker.start(() -> ask(RUN));
        await().atMost(SOON)
                .until(() ->
                        database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                                == 1);
        first.close();
        run.result();
        try (BatchedMigrations second = present(RegistryLock.AUTO)) {
            await().atMost(SOON).until(() -> second.presence().session() != null);
            assertThat(second.planner().plan().jobs()).isEmpty();
            registry.commit();
            await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
            assertThat(second.planner().plan().jobs()).isNotEmpty();
        }
    }

    @Test
    void aBatchJobUnderWayIsHandedBackWhenTheSessionIsLostAndTheRegistryWasFaster() throws SQLException {
        database.execute("UPDATE batched_background_migrations SET sub_batch_size_max = 1");
        try (BatchedMigrations replica = present(RegistryLock.AUTO)) {
            await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
            long job = replica.planner().plan().due().get(0);
            StopSignal loses = () -> {
                if (database.number("SELECT sum(n) FROM t.items") == 3) {
                    loseSessionToRegistry(replica);
                }
                return false;
            };

            assertThat(replica.runner().run(job, loses))
                    .isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.REGISTRY_AT_WORK));
            assertThat(database.number("SELECT sum(n) FROM t.items")).isEqualTo(3);

            registry.commit();
            await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
            assertThat(replica.runToEnd(List.of(), StopSignal.NEVER).isComplete())
                    .isTrue();
        }
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void nothingIsLockedWhereTheTablesAreOurOwnOrItIsOff() throws SQLException {
        try (BatchedMigrations off = present(RegistryLock.OFF)) {
            await().atMost(SOON).until(() -> off.presence().session() != null);
            assertThat(off.planner().plan().jobs()).isNotEmpty();
            assertThat(ask(WORKER)).isEqualTo("t");
        }
        database.execute(
                "COMMENT ON TABLE batched_background_migrations IS 'Batched migrations. Created by Registry BBM.'");
        try (BatchedMigrations own = present(RegistryLock.AUTO)) {
            await().atMost(SOON).until(() -> own.presence().session() != null);
            assertThat(own.planner().plan().jobs()).isNotEmpty();
            assertThat(database.number(SHARERS)).isZero();
        }
    }

    @Test
    void isHeldOnOurOwnTablesWhereItIsOn() throws SQLException {
        database.execute("DROP TABLE schema_migrations");
        try (BatchedMigrations on = present(RegistryLock.ON)) {
            await().atMost(SOON).until(() -> database.number(SHARERS) == 1);
            assertThat(on.planner().plan().jobs()).isNotEmpty();
            assertThat(ask(WORKER)).isEqualTo("f");
        }
    }

    @Test
    void anEngineWithoutASessionOfItsOwnWorksWithoutTheLock() {
        assertThat(fixture.runAll(Map.of()).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    private void loseSessionToRegistry(BatchedMigrations replica) {
        Worker<String> run = Worker.start(() -> ask(RUN));
        await().atMost(SOON)
                .until(() ->
                        database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                                == 1);
        database.execute("""
                SELECT pg_terminate_backend(l.pid)
                FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.objid = 1 AND l.classid = 0 AND l.mode = 'ShareLock' AND l.granted
                """);
        run.result();
        await().atMost(SOON).until(() -> replica.presence().session() != null && database.number(SHARERS) == 0);
    }

    private BatchedMigrations present(RegistryLock lock) {
        BatchedMigrations engine = BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .presence(database)
                .registryLock(lock)
                .build();
        engine.presence().start(() -> {});
        return engine;
    }

    private String explanation() {
        return fixture.engine(Map.of()).status().overviews(List.of("m")).get(0).explanation();
    }

    private String ask(String sql) {
        try (var statement = registry.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
