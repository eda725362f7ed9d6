package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.DueJob;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.BareDataSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** The leases of a replica that is gone are free at once; those of one that lives are not. */
@ExtendWith(PostgresExtension.class)
class PresenceTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String SESSIONS = """
            SELECT l.classid::bigint << 32 | l.objid::bigint
            FROM pg_locks l
            JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
                AND l.classid::bigint >> 8 = x'62626d'::int
            """;

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final BatchedMigrations present;
    private Worker<BatchOutcome> holder = Worker.start(() -> new BatchOutcome.Lost(0, "nobody"));
    private final Worker.Gate gate = new Worker.Gate();

    PresenceTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        this.present = engine(database, Map.of("slow", this::slow));
        fixture.items(1, 5_000).queueItems("m", ItemsWork.ADD_ONE, 5_000);
        database.execute("UPDATE batched_background_migrations SET max_value = 5000");
    }

    @AfterEach
    void end() {
        gate.open();
        holder.result();
        present.close();
        await().atMost(SOON).until(() -> database.column(SESSIONS).isEmpty());
    }

    @Test
    void aLeaseIsFreeAtOnceWhenItsReplicasSessionIsGoneAndNotBefore() {
        long job = fixture.firstDue();
        appear();
        holdBetweenSubBatches(job);
        assertThat(run(job)).isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.LEASED));
        assertThat(fixture.engine(Map.of()).planner().plan().jobs()).isEmpty();

        present.close();
        await().atMost(SOON).until(() -> database.column(SESSIONS).isEmpty());

        assertThat(fixture.jobs("m", "lease_until > clock_timestamp()")).containsExactly("t");
        DueJob due = fixture.engine(Map.of()).planner().plan().jobs().get(0);
        assertThat(due.jobId()).isEqualTo(job);
        assertThat(due.deadToken()).isNotNull();
        assertThat(run(job)).isInstanceOf(BatchOutcome.Finished.class);
        gate.open();
        assertThat(holder.result()).isInstanceOf(BatchOutcome.Lost.class);
        assertThat(fixture.jobs("m", "takeover_count")).containsExactly("1");
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aSubBatchInFlightIsNotTakenOverAlthoughTheSessionIsGone() {
        database.execute("UPDATE batched_background_migrations SET job_signature_name = 'slow'");
        long job = engine(database, Map.of("slow", this::slow))
                .planner()
                .plan()
                .due()
                .get(0);
        appear();
        holder = Worker.start(() -> present.runner().run(job, StopSignal.NEVER));
        gate.awaitReached();

        present.close();
        await().atMost(SOON).until(() -> database.column(SESSIONS).isEmpty());

        assertThat(run(job)).isEqualTo(new BatchOutcome.NotClaimed(job, BatchOutcome.Reason.LEASED));
        gate.open();
        assertThat(holder.result()).isInstanceOf(BatchOutcome.Finished.class);
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void aReplicaThatFreezesKeepsItsSessionButNotItsLease() {
        long job = fixture.firstDue();
        appear();
        holdBetweenSubBatches(job);
        fixture.expireLeases();

        assertThat(run(job)).isInstanceOf(BatchOutcome.Finished.class);

        assertThat(database.column(SESSIONS)).hasSize(1);
    }

    @Test
    void aWorkerThatStartedWithoutASessionNamesItFromTheNextSubBatchOn() {
        long job = fixture.firstDue();
        assertThat(present.presence().session()).isNull();
        StopSignal appears = () -> {
            if (database.number("SELECT sum(n) FROM t.items") == 0) {
                assertThat(fixture.jobs("m", "coalesce(lease_session::text, 'none')"))
                        .containsExactly("none");
                appear();
                return false;
            }
            gate.pass();
            return false;
        };
        holder = Worker.start(() -> present.runner().run(job, appears));
        gate.awaitReached();

        assertThat(fixture.jobs("m", "lease_session")).containsExactlyElementsOf(database.column(SESSIONS));
    }

    @Test
    void comesBackUnderTheSameKeyWhenItsConnectionIsLost() {
        appear();
        Long key = present.presence().session();
        String pid = terminate();

        await().atMost(SOON).until(() -> !pids().isEmpty() && !pids().contains(pid));

        await().atMost(SOON).until(() -> Objects.equals(present.presence().session(), key));
    }

    @Test
    void comesBackUnderAnotherKeyWhenSomebodyElseHasItsOwn() throws SQLException {
        appear();
        Long key = present.presence().session();
        try (Connection other = database.getConnection()) {
            // Waits in line for the lock, so that it has it before the replica comes back.
            Worker<Long> waiting = Worker.start(
                    () -> number(other, "SELECT count(pg_advisory_lock(" + key + ")) FROM (VALUES (1)) v"));
            await().atMost(SOON)
                    .until(() ->
                            database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                                    == 1);
            terminate();
            assertThat(waiting.result()).isEqualTo(1);

            await().atMost(SOON)
                    .until(() -> present.presence().session() != null
                            && !Objects.equals(present.presence().session(), key));

            assertThat(database.column(SESSIONS))
                    .contains(String.valueOf(present.presence().session()));
        }
    }

    /** And says so, as batch jobs may start that were waiting for a session. */
    @Test
    void staysAwayFromAPooler() {
        BatchedMigrations pooled = engine(pretendingAnotherBackend(), Map.of());
        AtomicInteger told = new AtomicInteger();

        pooled.presence().start(told::incrementAndGet);

        await().atMost(SOON).until(() -> threads().isEmpty());
        assertThat(told).hasValue(1);
        assertThat(pooled.presence().session()).isNull();
        assertThat(database.column(SESSIONS)).isEmpty();
        pooled.close();
    }

    @Test
    void leavesNoThreadAndNoConnectionAndDoesNotStartAgain() {
        appear();

        present.close();
        present.close();
        present.presence().start(() -> {});

        assertThat(present.presence().session()).isNull();
        await().atMost(SOON).until(() -> threads().isEmpty() && pids().isEmpty());
        assertThat(present.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();
    }

    private void appear() {
        present.presence().start(() -> {});
        await().atMost(SOON).until(() -> present.presence().session() != null);
    }

    /** Runs a batch job until the gate, which is between two of its sub-batches. */
    private void holdBetweenSubBatches(long job) {
        holder = Worker.start(() -> present.runner().run(job, () -> {
            if (database.number("SELECT sum(n) FROM t.items") > 0) {
                gate.pass();
            }
            return false;
        }));
        gate.awaitReached();
    }

    private BatchOutcome run(long job) {
        return engine(database, Map.of("slow", this::slow)).runner().run(job, StopSignal.NEVER);
    }

    private long slow(WorkContext context) throws SQLException {
        long changed = ItemsWork.addOne(context);
        gate.pass();
        return changed;
    }

    private BatchedMigrations engine(DataSource presence, Map<String, WorkFunction> functions) {
        return BatchedMigrations.on(database)
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(functions))
                .presence(presence)
                .build();
    }

    private String terminate() {
        String pid = pids().get(0);
        database.execute("SELECT pg_terminate_backend(" + pid + ")");
        return pid;
    }

    private List<String> pids() {
        return database.column(SESSIONS.replaceFirst("SELECT .*", "SELECT l.pid"));
    }

    private static long number(Connection connection, String sql) {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter("bbm-presence"::equals)
                .toList();
    }

    /** As through a pooler, where the driver was told the process id of no backend. */
    private DataSource pretendingAnotherBackend() {
        return new BareDataSource() {
            @Override
            public Connection getConnection() throws SQLException {
                Connection real = database.getConnection();
                return (Connection) Proxy.newProxyInstance(
                        Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                            if (method.getName().equals("unwrap")) {
                                return driverOfAnotherBackend((Class<?>) args[0]);
                            }
                            try {
                                return method.invoke(real, args);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
            }
        };
    }

    private static Object driverOfAnotherBackend(Class<?> type) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            assertThat(method.getName()).isEqualTo("getBackendPID");
            return 0;
        });
    }
}
