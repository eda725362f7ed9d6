package org.registrybbm.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.work.WorkFunction;

/** What the test kit says of work that is right, and of work that is not. */
@Execution(ExecutionMode.CONCURRENT)
class MigrationTesterTest {
    @RegisterExtension
    static final MigrationExtension MIGRATIONS = MigrationExtension.with(registry -> registry.register(
                    "addOne", context -> context.update("n = n + 1"))
            .register("addOneToAll", context -> context.execute("UPDATE public.items SET n = n + 1"))
            .register("setOne", WorkFunction.update("n = 1").withPending("n <> 1"))
            .register(
                    "forgetsOne",
                    WorkFunction.update("n = CASE id WHEN 7 THEN 0 ELSE 1 END").withPending("n <> 1")));

    @BeforeEach
    void items(MigrationTester tester) {
        tester.execute("""
                CREATE TABLE public.items (id bigint PRIMARY KEY, n int NOT NULL);
                INSERT INTO public.items SELECT i, 0 FROM generate_series(1, 500) AS i
                """);
    }

    private static NewBatchedMigration.Builder migration(String work) {
        return NewBatchedMigration.named("m").work(work).table("public.items").byKey("id");
    }

    @Test
    void runsWorkThatIsNotIdempotent(MigrationTester tester) {
        MigrationReport report = tester.run(migration("addOne").build());

        report.assertFinished().assertEachChangedOnce(500).assertReplicasKilled(0);
        assertThat(tester.number("SELECT sum(n) FROM public.items")).isEqualTo(500);
        assertThatThrownBy(report::assertVerified)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("'m' is finished but not verified");
    }

    @Test
    void killsReplicasOnTheWay(MigrationTester tester) {
        MigrationReport report = tester.runAndKill(migration("addOne").build());

        report.assertFinished().assertEachChangedOnce(500).assertReplicasKilled(2);
        assertThat(tester.number("SELECT count(*) FROM public.items WHERE n = 1"))
                .isEqualTo(500);
    }

    @Test
    void killsNobodyWhereNothingIsChanged(MigrationTester tester) {
        tester.execute("UPDATE public.items SET n = 1");

        MigrationReport report = tester.runAndKill(migration("setOne").build());

        report.assertVerified().assertEachChangedOnce(0);
        assertThatThrownBy(() -> report.assertReplicasKilled(2)).hasMessageContaining("0 replicas were killed");
    }

    @Test
    void seesWorkThatChangesRowsOfOthers(MigrationTester tester) {
        MigrationReport report = tester.run(migration("addOneToAll").build());

        assertThatThrownBy(() -> report.assertEachChangedOnce(500))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("500 rows of public.items were changed more than once")
                .hasMessageContaining("{\"id\": 100} 50 times");
    }

    @Test
    void countsTheRowsThatWereChanged(MigrationTester tester) {
        MigrationReport report = tester.run(NewBatchedMigration.named("m")
                .work("setOne")
                .table("public.items")
                .byKeyBetween("id", 1, 100)
                .build());

        assertThat(report.rowsChanged()).isEqualTo(100);
        assertThatThrownBy(() -> report.assertEachChangedOnce(500))
                .hasMessage("100 rows of public.items were changed instead of 500");
    }

    @Test
    void saysWhyAMigrationIsNotFinished(MigrationTester tester) {
        MigrationReport report = tester.run(migration("nobodyKnowsIt").build());

        assertThatThrownBy(report::assertFinished)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("'m' is failed instead of finished")
                .hasMessageContaining("nobodyKnowsIt");
    }

    @Test
    void showsRowsThatCannotBeChanged(MigrationTester tester) {
        tester.execute("ALTER TABLE public.items ADD CHECK (id <> 7 OR n = 0)");

        MigrationReport report = tester.run(migration("setOne").build());

        assertThat(report.migration().status()).isEqualTo(MigrationStatus.FAILED);
        assertThat(report.quarantine())
                .singleElement()
                .satisfies(row -> assertThat(row.key()).isEqualTo("{\"id\": \"7\"}"));
        assertThatThrownBy(report::assertFinished)
                .hasMessageContaining("rows in quarantine: 1, the first one is {\"id\": \"7\"}");
    }

    @Test
    void seesWorkThatLeavesRowsPending(MigrationTester tester) {
        tester.execute("UPDATE public.items SET n = 5");

        MigrationReport report = tester.run(migration("forgetsOne").build());

        assertThatThrownBy(report::assertVerified)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("{\"id\": \"7\"}");
    }

    @Test
    void followsPartitions(MigrationTester tester) {
        tester.execute("""
                CREATE TABLE public.parted (id bigint PRIMARY KEY, n int NOT NULL) PARTITION BY HASH (id);
                CREATE TABLE public.parted_0 PARTITION OF public.parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
                INSERT INTO public.parted SELECT i, 0 FROM generate_series(1, 300) AS i
                """);

        MigrationReport report = tester.runAndKill(NewBatchedMigration.named("m")
                .work("addOne")
                .table("public.parted")
                .byKey("id")
                .build());

        report.assertFinished().assertEachChangedOnce(300).assertReplicasKilled(2);
    }

    @Test
    void saysThatRowsWithoutAKeyCannotBeToldApart(MigrationTester tester) {
        tester.execute("""
                CREATE TABLE public.heap (n int NOT NULL);
                INSERT INTO public.heap SELECT 0 FROM generate_series(1, 50)
                """);

        MigrationReport report = tester.run(NewBatchedMigration.named("m")
                .work("setOne")
                .table("public.heap")
                .byBlocks()
                .build());

        report.assertVerified();
        assertThatThrownBy(report::rowsChanged).hasMessageContaining("public.heap has no primary key");
    }

    @Test
    void doesNotCountWhatOthersChange(MigrationTester tester) {
        tester.execute("UPDATE public.items SET n = 1 WHERE id > 250");
        MigrationReport first = tester.run(migration("setOne").build());
        tester.execute("UPDATE public.items SET n = 2");

        first.assertEachChangedOnce(250);
        MigrationReport second = tester.run(NewBatchedMigration.named("again")
                .work("copyColumn", Map.of("from", "id", "to", "n"))
                .table("public.items")
                .byKey("id")
                .build());
        // Of the row 2 the copy is there already.
        second.assertVerified().assertEachChangedOnce(499);
    }
}
