package org.registrybbm.migrations.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.NotFinishedException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.BareDataSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a program learns of a migration that it needs. */
@ExtendWith(PostgresExtension.class)
class GateInCodeTest {
    private final EngineFixture fixture;
    private final TestDatabase database;

    GateInCodeTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).items(1, 50);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 10);
    }

    @Test
    void isClosedUntilTheMigrationIsFinished() {
        try (BatchedMigrations engine = fixture.engine(Map.of())) {
            assertThat(engine.gate().isFinished("m")).isFalse();
            assertThatThrownBy(() -> engine.gate().requireFinished(List.of("m")))
                    .isInstanceOf(NotFinishedException.class)
                    .hasMessage("batched migration 'm' is not finished: no row was looked at yet");
            assertThat(engine.gate().unfinished(List.of("m"))).containsOnlyKeys("m");

            fixture.drain(Map.of());

            assertThatCode(() -> engine.gate().requireFinished(List.of("m"))).doesNotThrowAnyException();
            assertThat(engine.gate().unfinished(List.of())).isEmpty();
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(
                            () -> assertThat(engine.gate().isFinished("m")).isTrue());
        }
    }

    /** A typing error must not look like a migration that takes its time. */
    @Test
    void knowsNoMigrationThatDoesNotExist() {
        try (BatchedMigrations engine = fixture.engine(Map.of())) {
            assertThatThrownBy(() -> engine.gate().isFinished("n")).isInstanceOf(UnknownMigrationException.class);
            assertThatThrownBy(() -> engine.gate().requireFinished(List.of("n")))
                    .isInstanceOf(UnknownMigrationException.class);
            assertThatThrownBy(() -> engine.gate().whenFinished("n", () -> {}))
                    .isInstanceOf(UnknownMigrationException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void runsAnActionOnceTheMigrationIsFinished(boolean listens) {
        CompletableFuture<String> ran = new CompletableFuture<>();
        CompletableFuture<String> alsoRan = new CompletableFuture<>();
        try (BatchedMigrations engine = engine(listens)) {
            engine.gate().whenFinished("m", () -> {
                throw new IllegalStateException("an action that fails keeps no other from running");
            });
            engine.gate().whenFinished("m", () -> ran.complete("ran"));
            assertThat(ran).isNotDone();

            fixture.drain(Map.of());

            assertThat(ran.orTimeout(20, TimeUnit.SECONDS).join()).isEqualTo("ran");
            engine.gate().whenFinished("m", () -> alsoRan.complete("at once"));
            assertThat(alsoRan).isCompletedWithValue("at once");
        }
    }

    private BatchedMigrations engine(boolean listens) {
        BatchedMigrations.Builder builder =
                BatchedMigrations.on(database).replica("gate").workRegistry(EngineFixture.registry(Map.of()));
        BatchedMigrations engine = listens ? builder.presence(database).build() : builder.build();
        engine.presence().start(() -> {});
        return engine;
    }

    /** It is asked for every request of an application. */
    @Test
    void isNotLookedUpAgainWhileNothingHappens() {
        fixture.drain(Map.of());
        AtomicInteger connections = new AtomicInteger();
        BareDataSource counted = () -> {
            connections.incrementAndGet();
            return database.getConnection();
        };
        Gate gate = new Gate(counted, () -> true);
        assertThat(gate.isFinished("m")).isTrue();

        for (int i = 0; i < 1_000; i++) {
            assertThat(gate.isFinished("m")).isTrue();
        }

        assertThat(connections).hasValue(1);
    }

    @Test
    void isClosedAgainWhenTheMigrationIsReopened() {
        fixture.drain(Map.of());
        try (BatchedMigrations engine = engine(true)) {
            await().atMost(Duration.ofSeconds(10)).until(() -> engine.presence().session() != null);
            assertThat(engine.gate().isFinished("m")).isTrue();

            fixture.setStatus("m", MigrationStatus.ACTIVE);

            await().atMost(Duration.ofSeconds(5))
                    .untilAsserted(
                            () -> assertThat(engine.gate().isFinished("m")).isFalse());
        }
    }
}
