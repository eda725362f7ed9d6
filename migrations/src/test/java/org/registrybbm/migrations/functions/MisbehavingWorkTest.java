package org.registrybbm.migrations.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Work functions that do what they must not: the rows stay as they were, the reason is written down. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class MisbehavingWorkTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    MisbehavingWorkTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    /** The work, and a part of the message that its batch job fails with. */
    static Stream<Arguments> misbehaving() {
        return Stream.of(
                bad(
                        "throws an SQL exception",
                        context -> {
                            throw new SQLException("my own SQL", "XX000");
                        },
                        "thrown at org.registrybbm.migrations.functions.MisbehavingWorkTest"),
                bad(
                        "loses another connection each time",
                        context -> {
                            throw new SQLException("the other database is away", "08006");
                        },
                        "thrown at org.registrybbm.migrations.functions.MisbehavingWorkTest"),
                bad(
                        "runs out of memory",
                        context -> {
                            throw new OutOfMemoryError("pretended");
                        },
                        "pretended"),
                bad(
                        "lacks a class",
                        context -> {
                            throw new NoClassDefFoundError("org/example/Missing");
                        },
                        "org/example/Missing"),
                bad("returns a negative number", context -> -1, "returned -1"),
                bad(
                        "commits",
                        context -> {
                            ItemsWork.addOne(context);
                            context.connection().commit();
                            return 1;
                        },
                        "must not call commit()"),
                bad(
                        "rolls back",
                        context -> {
                            context.connection().rollback();
                            return 1;
                        },
                        "must not call rollback()"),
                bad(
                        "closes its connection",
                        context -> {
                            ItemsWork.addOne(context);
                            context.connection().close();
                            return 1;
                        },
                        "must not call close()"),
                bad(
                        "aborts its connection",
                        context -> {
                            context.connection().abort(Runnable::run);
                            return 1;
                        },
                        "must not call abort()"),
                bad(
                        "switches to auto-commit",
                        context -> {
                            context.connection().setAutoCommit(true);
                            return 1;
                        },
                        "must not call setAutoCommit()"),
                bad(
                        "unwraps its connection",
                        context -> {
                            context.connection().unwrap(org.postgresql.PGConnection.class);
                            return 1;
                        },
                        "must not call unwrap()"),
                bad(
                        "leaves an error behind",
                        context -> {
                            try {
                                ItemsWork.update(context.connection(), "UPDATE t.nowhere SET n = 1");
                            } catch (SQLException e) {
                                return ItemsWork.addOne(context);
                            }
                            return 0;
                        },
                        "current transaction is aborted"),
                bad("breaks the syntax", context -> ItemsWork.update(context.connection(), "UPDATE"), "syntax error"));
    }

    private static Arguments bad(String what, WorkFunction function, String message) {
        return Arguments.of(what, function, message);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("misbehaving")
    @Sample(oneOf = 4)
    void usesUpItsAttemptsAndChangesNothing(String what, WorkFunction function, String message) {
        fixture.items(1, 100).queueItems("bad", "bad", 100);
        database.execute("UPDATE batched_background_migrations SET max_value = 100");
        fixture.queueItems("healthy", "copyColumn", 100);
        database.execute(
                "UPDATE batched_background_migrations SET arguments = '{\"from\": \"id\", \"to\": \"v\"}' WHERE name = 'healthy'");

        RunResult result = fixture.drain(Map.of("bad", function));

        assertThat(result.finished())
                .as(what)
                .extracting(BatchedMigration::name)
                .containsExactly("healthy");
        assertThat(fixture.of("bad", "failure_error_code")).isEqualTo("4");
        assertThat(fixture.of("bad", "failure_message"))
                .contains("failed 5 times")
                .contains(message);
        assertThat(fixture.jobs("bad", "j.status || ' ' || attempts || ' ' || (lease_token IS NULL)"))
                .containsExactly("3 5 true");
        assertThat(fixture.jobs("bad", "j.failure_message").get(0)).contains(message);
        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE v = id")).isEqualTo(100);
    }

    @Test
    void mayUseSavepoints() {
        fixture.items(1, 100).queueItems("m", "saving", 30);
        WorkFunction saving = context -> {
            Connection connection = context.connection();
            Savepoint before = connection.setSavepoint("mine");
            ItemsWork.addOne(context);
            connection.rollback(before);
            Savepoint again = connection.setSavepoint();
            long changed = ItemsWork.addOne(context);
            connection.releaseSavepoint(again);
            connection.setSavepoint("left_open");
            return changed;
        };

        assertThat(fixture.drain(Map.of("saving", saving)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void isCutOffWhenItHangsOutsideTheDatabase() {
        fixture.items(1, 100).queueItems("m", "hanging", 100);
        AtomicInteger interrupted = new AtomicInteger();
        WorkFunction hanging = context -> {
            ItemsWork.addOne(context);
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.incrementAndGet();
            }
            return 100;
        };

        RunResult result = fixture.engine(impatient(Duration.ofMillis(100)), Map.of("hanging", hanging))
                .runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.failed()).hasSize(1);
        assertThat(interrupted).hasValue(2);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(fixture.of("m", "failure_message")).contains("ran past its limit");
        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
    }

    @Test
    void isEndedByTheDatabaseWhenAStatementRunsPastItsTime() {
        fixture.items(1, 1).queueItems("m", "sleeping", 1);
        WorkFunction sleeping = context -> {
            try (Statement statement = context.connection().createStatement()) {
                statement.execute("SELECT pg_sleep(30)");
            }
            return 0;
        };

        RunResult result = fixture.engine(impatient(Duration.ofMillis(500)), Map.of("sleeping", sleeping))
                .runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.failed()).hasSize(1);
        assertThat(fixture.of("m", "failure_sqlstate")).isEqualTo("57014");
        assertThat(fixture.of("m", "failure_message")).contains("statement timeout");
    }

    @Test
    void isCutOffByAShutdownWithoutAnAttemptCounted() {
        fixture.items(1, 100).queueItems("m", "hanging", 100);
        Worker.Gate gate = new Worker.Gate();
        AtomicBoolean stopping = new AtomicBoolean();
        BatchedMigrations engine = fixture.engine(Map.of("hanging", context -> {
            ItemsWork.addOne(context);
            gate.pass();
            return 100;
        }));
        long job = engine.planner().plan().due().get(0);
        Worker<BatchOutcome> worker = Worker.start(() -> engine.runner().run(job, stopping::get));
        gate.awaitReached();

        stopping.set(true);
        engine.runner().cutOff();

        assertThat(worker.result()).isEqualTo(new BatchOutcome.HandedBack(job, BatchOutcome.Reason.STOPPING));
        assertThat(fixture.jobs("m", "attempts || ' ' || (lease_token IS NULL)"))
                .contains("0 true");
        assertThat(database.number("SELECT sum(n) FROM t.items")).isZero();
        assertThat(fixture.drain(Map.of("hanging", ItemsWork::addOne)).isComplete())
                .isTrue();
        fixture.assertEachItemChangedOnce();
    }

    /** Without a stack trace, which would fill the log. */
    private static final class ListenerException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ListenerException() {
            super("a listener", null, false, false);
        }
    }

    @Test
    void aListenerThatThrowsChangesNothing() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 30);
        AtomicInteger heard = new AtomicInteger();

        RunResult result = BatchedMigrations.on(database)
                .workRegistry(EngineFixture.registry(Map.of()))
                .listener(event -> {
                    throw new ListenerException();
                })
                .listener(event -> heard.incrementAndGet())
                .build()
                .runToEnd(List.of(), StopSignal.NEVER);

        assertThat(result.isComplete()).isTrue();
        assertThat(heard).hasValueGreaterThan(8);
        fixture.assertEachItemChangedOnce();
    }

    private static EngineSettings impatient(Duration statement) {
        return EngineFixture.SETTINGS.toBuilder()
                .maxJobAttempts(2)
                .statementTimeout(statement)
                .lockTimeout(Duration.ofSeconds(2))
                .idleInTransactionTimeout(Duration.ofSeconds(10))
                .lease(Duration.ofSeconds(10))
                .retryDelay(Duration.ZERO)
                .missingCode(Duration.ZERO)
                .build();
    }
}
