package org.registrybbm.migrations.running;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.MigrationStore;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.OwnServer;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.LoggerFactory;

/** A database whose synchronous standby is gone: every commit that is not told otherwise waits for it for ever. */
@EnabledIf("org.registrybbm.migrations.testkit.OwnServer#isPossible")
@Timeout(120)
@Tag("slow")
class StandbyGoneTest {
    private static OwnServer server;
    private static TestDatabase database;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("org.registrybbm.migrations");
    private EngineFixture fixture;

    @BeforeAll
    static void startServer() throws Exception {
        server = OwnServer.start(Map.of());
        database = server.database("gone", PostgresExtension.ENGINE_CHANGELOG);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void prepare() {
        standby("");
        fixture = EngineFixture.clean(database);
        fixture.items(1, 1_000).queueItems("m", ItemsWork.ADD_ONE, 100);
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void release() {
        logger.detachAppender(log);
        standby("");
    }

    @Test
    void whatAPersonAsksForIsInForceWithinTwoSecondsAndSaysThatNoStandbyConfirmedIt() {
        standby("gone");
        MigrationStore store = fixture.engine(Map.of()).store();
        long start = System.nanoTime();

        assertThat(store.pause(List.of("m"))).hasSize(1);

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .anyMatch(line -> line.startsWith("the requested change is set on this server and in force, but no"));

        assertThat(store.start(List.of())).hasSize(1);
        assertThat(store.setPriority("m", 5)).isTrue();
        fixture.engine(Map.of()).budgets().set(Budget.Subject.FLEET, Budget.Change.batchJobs(Limit.of(3)));
        assertThat(fixture.of("m", "priority")).isEqualTo("5");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
    }

    @Test
    void aChangeThatIsConfirmedOrNeedsNoStandbySaysNothing() {
        fixture.engine(Map.of()).store().pause(List.of("m"));
        fixture.engine(Map.of()).store().pause(List.of("m"));

        assertThat(log.list).isEmpty();
    }

    @Test
    void aWorkerObeysThePauseAndStatusSaysWhatTheOthersWaitFor() throws Exception {
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        database.execute("DELETE FROM batched_background_migrations");
        fixture.queue("held", null, "id", 100, 10);
        BatchedMigrations engine = fixture.engine(Map.of("held", context -> {
            working.countDown();
            await(go);
            return ItemsWork.addOne(context);
        }));
        List<Long> due = engine.planner().plan().due();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Future<BatchOutcome> first = threads.submit(() -> engine.runner().run(due.get(0), StopSignal.NEVER));
            assertThat(working.await(20, TimeUnit.SECONDS)).isTrue();
            standby("gone");
            Future<BatchOutcome> second = threads.submit(() -> engine.runner().run(due.get(1), StopSignal.NEVER));
            awaitExplanation("waits for a synchronous standby to confirm commits");

            long start = System.nanoTime();
            assertThat(engine.store().pause(List.of("m"))).hasSize(1);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
            go.countDown();

            standby("");
            assertThat(first.get(30, TimeUnit.SECONDS)).isInstanceOf(BatchOutcome.HandedBack.class);
            assertThat(second.get(30, TimeUnit.SECONDS)).isNotNull();
            assertThat(fixture.status("m")).isEqualTo(MigrationStatus.PAUSED);
        } finally {
            go.countDown();
            threads.shutdownNow();
        }
    }

    @Test
    void aRowThatIsHeldByACommitWithoutItsStandbyIsSaidToBe() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(1);
        standby("gone");
        try {
            Future<?> held = threads.submit(
                    () -> database.execute("UPDATE batched_background_migrations SET updated_at = now()"));
            awaitExplanation("waits for a synchronous standby");

            assertThatThrownBy(() -> fixture.engine(Map.of()).store().pause(List.of("m")))
                    .isInstanceOf(DatabaseException.class)
                    .hasMessageContaining("is held by a commit that waits for a synchronous standby");
            assertThat(held.isDone()).isFalse();
        } finally {
            standby("");
            threads.shutdown();
            assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void awaitExplanation(String expected) {
        org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(fixture.engine(Map.of())
                                .status()
                                .overviews(List.of("m"))
                                .get(0)
                                .explanation())
                        .contains(expected));
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Names a standby that every commit waits for; none for the empty name. */
    private static void standby(String name) {
        server.standby(name);
    }
}
