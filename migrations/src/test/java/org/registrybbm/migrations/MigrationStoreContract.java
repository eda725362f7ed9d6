package org.registrybbm.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.registrybbm.migrations.budget.Budget;
import org.registrybbm.migrations.budget.Limit;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.model.BatchSizing;
import org.registrybbm.migrations.model.BatchedMigration;
import org.registrybbm.migrations.model.KeyBounds;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StatusChange;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.status.StatusReader;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.testkit.postgres.TestDatabase;

/** What a store of batched migrations does, on any server. */
abstract class MigrationStoreContract {
    private final EngineFixture fixture;

    MigrationStoreContract(TestDatabase database) {
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 10);
        for (MigrationStatus status : MigrationStatus.values()) {
            fixture.queueItems(status.word(), ItemsWork.ADD_ONE, 10);
            fixture.setStatus(status.word(), status);
        }
    }

    private MigrationStore store() {
        return fixture.engine(Map.of()).store();
    }

    private StatusReader status() {
        return fixture.engine(Map.of()).status();
    }

    @Test
    void pausesWhatIsActiveOrRunning() {
        assertThat(store().pause(List.of()))
                .containsExactlyInAnyOrder(
                        new StatusChange("active", MigrationStatus.ACTIVE, MigrationStatus.PAUSED),
                        new StatusChange("running", MigrationStatus.RUNNING, MigrationStatus.PAUSED));
        assertThat(statuses()).isEqualTo("paused paused finished failed paused");
        assertThat(store().pause(List.of())).isEmpty();
    }

    @Test
    void startsWhatIsPausedAndNothingElse() {
        assertThat(store().start(List.of()))
                .containsExactly(new StatusChange("paused", MigrationStatus.PAUSED, MigrationStatus.ACTIVE));
        assertThat(statuses()).isEqualTo("active active finished failed running");
    }

    @Test
    void changesTheNamedOnesOnly() {
        assertThat(store().pause(List.of("running", "finished")))
                .extracting(StatusChange::name)
                .containsExactly("running");
        assertThat(statuses()).isEqualTo("paused active finished failed paused");
    }

    @Test
    void changesNothingWhenOneOfTheNamesIsUnknown() {
        assertThatThrownBy(() -> store().pause(List.of("active", "runing")))
                .isInstanceOfSatisfying(UnknownMigrationException.class, e -> {
                    assertThat(e.name()).isEqualTo("runing");
                    assertThat(e.nearest()).startsWith("running").hasSize(3);
                })
                .hasMessageContaining("nothing was changed");
        assertThat(statuses()).isEqualTo("paused active finished failed running");
    }

    @Test
    void refusesUnknownNamesEverywhere() {
        List<String> unknown = List.of("unknown");
        Stream.<Runnable>of(
                        () -> store().list(unknown),
                        () -> status().overviews(unknown),
                        () -> store().start(unknown),
                        () -> fixture.engine(Map.of()).runToEnd(unknown, StopSignal.NEVER))
                .forEach(call -> assertThatThrownBy(call::run).isInstanceOf(UnknownMigrationException.class));
    }

    @Test
    void saysThatThereAreNoneAtAll() {
        fixture.database().execute("DELETE FROM batched_background_migrations");

        assertThat(store().list(List.of())).isEmpty();
        assertThat(status().overviews(List.of())).isEmpty();
        assertThat(store().pause(List.of())).isEmpty();
        assertThatThrownBy(() -> store().list(List.of("any"))).hasMessageContaining("no batched migration exists yet");
        assertThat(fixture.engine(Map.of())
                        .runToEnd(List.of(), StopSignal.NEVER)
                        .isComplete())
                .isTrue();
    }

    @Test
    void listsById() {
        fixture.database().execute("UPDATE batched_background_migrations SET id = -1 WHERE name = 'running'");

        assertThat(store().list(List.of()))
                .extracting(BatchedMigration::name)
                .startsWith("running")
                .hasSize(5);
        assertThat(store().list(List.of("failed", "active")))
                .extracting(BatchedMigration::name)
                .containsExactly("active", "failed");
        assertThat(status().overviews(List.of("failed")))
                .singleElement()
                .satisfies(overview -> assertThat(overview.migration().name()).isEqualTo("failed"));
    }

    @Test
    void queuesWhatItIsGiven() {
        long id = store().queue(NewBatchedMigration.named("queued")
                .work("copyColumn", Map.of("from", "id", "to", "v"))
                .table("t.items")
                .byKeyBetween("id", -5, 5)
                .batchSize(7)
                .build());

        assertThat(store().list(List.of("queued"))).singleElement().satisfies(queued -> {
            assertThat(queued.id()).isEqualTo(id);
            assertThat(queued.status()).isEqualTo(MigrationStatus.ACTIVE);
            assertThat(queued.definition().signature()).isEqualTo("copyColumn");
            assertThat(queued.definition().table()).isEqualTo("t.items");
            assertThat(queued.definition().column()).isEqualTo("id");
            assertThat(queued.definition().strategy()).isNull();
            assertThat(queued.bounds().first()).isEqualTo(-5);
            assertThat(queued.bounds().last()).isEqualTo(5);
            assertThat(queued.sizing().first()).isEqualTo(7);
            assertThat(queued.sizing().fixed()).isFalse();
            assertThat(queued.definition().arguments()).isEqualTo("{\"to\": \"v\", \"from\": \"id\"}");
            assertThat(queued.failure()).isNull();
            assertThat(queued.timeline().startedAt()).isNull();
        });
    }

    @Test
    void queuesWithWhateverOperatorsMayChangeLater() {
        store().queue(NewBatchedMigration.named("queued")
                .work("addOne")
                .table("t.items")
                .byKey("id")
                .fixedBatchSize(7)
                .batchSizes(2, 70)
                .subBatchSizes(1, 5)
                .priority(-3)
                .quarantineLimit(0)
                .batchJobsAtOnce(2)
                .rowsPerSecond(1_000)
                .paused()
                .build());

        assertThat(store().list(List.of("queued"))).singleElement().satisfies(queued -> {
            assertThat(queued.status()).isEqualTo(MigrationStatus.PAUSED);
            assertThat(queued.bounds()).isEqualTo(KeyBounds.ALL);
            assertThat(queued.sizing())
                    .isEqualTo(new BatchSizing(7, true, new BatchSizing.Bounds(2, 70), new BatchSizing.Bounds(1, 5)));
            assertThat(queued.quarantineLimit()).isZero();
        });
        assertThat(fixture.of("queued", "priority")).isEqualTo("-3");
        assertThat(fixture.engine(Map.of()).budgets().list())
                .contains(new Budget(Budget.Subject.migration("queued"), Limit.of(2), Limit.of(1_000), Limit.DEFAULT));
    }

    @Test
    void queuesOnceHoweverOftenItIsAsked() {
        NewBatchedMigration.Builder asked = NewBatchedMigration.named("asked")
                .work("copyColumn", Map.of("from", "id", "to", "v"))
                .table("t.items");

        assertThat(store().queueIfAbsent(asked.byKey("id").build())).isTrue();
        store().setPriority("asked", 5);
        // Sizes and limits are for people to change.
        assertThat(store().queueIfAbsent(
                                asked.byKey("id").priority(1).batchSize(3).build()))
                .isFalse();

        assertThat(fixture.of("asked", "priority || ' ' || batch_size")).isEqualTo("5 10000");
    }

    @Test
    void refusesToQueueAnotherMigrationUnderTheSameName() {
        store().queueIfAbsent(NewBatchedMigration.named("asked")
                .work("copyColumn", Map.of("from", "id", "to", "v"))
                .table("t.items")
                .byKey("id")
                .build());

        assertThatThrownBy(() -> store().queueIfAbsent(NewBatchedMigration.named("asked")
                        .work("copyColumn", Map.of("from", "id", "to", "w"))
                        .table("t.others")
                        .byBlocks()
                        .build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a batched migration 'asked' is there already and is another one: its arguments is"
                        + " {\"to\": \"v\", \"from\": \"id\"}, table_name is t.items, column_name is id,"
                        + " batching_strategy is NULL; nothing was changed; give the new one a name of its own");
    }

    @Test
    void refusesANameThatIsTaken() {
        assertThatThrownBy(() -> store().queue(NewBatchedMigration.named("active")
                        .work("x")
                        .table("t.items")
                        .byKey("id")
                        .batchSize(1)
                        .build()))
                .isInstanceOf(DatabaseException.class)
                .hasMessageContaining("could not queue the batched migration 'active'");
    }

    @Test
    void readsARowOfThePlainInsertThatTheContainerRegistryUses() {
        fixture.database().execute("""
                INSERT INTO batched_background_migrations
                    (name, min_value, max_value, batch_size, status, job_signature_name, table_name, column_name)
                VALUES ('plain', 1, 9223372036854775807, 10, 1, 'addOne', 't.items', 'id')
                """);

        assertThat(fixture.engine(Map.of())
                        .runToEnd(List.of("plain"), StopSignal.NEVER)
                        .finished())
                .singleElement()
                .satisfies(finished -> {
                    assertThat(finished.timeline().startedAt()).isNotNull();
                    assertThat(finished.timeline().finishedAt())
                            .isAfterOrEqualTo(finished.timeline().startedAt());
                });
        fixture.assertEachItemChangedOnce();
    }

    private String statuses() {
        return String.join(
                " ",
                store().list(List.of()).stream()
                        .map(each -> each.status().word())
                        .toList());
    }
}
