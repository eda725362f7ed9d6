package org.registrybbm.migrations.quarantine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.NewBatchedMigration;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.CountedStatements;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.verification.VerificationResult;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows that cannot even be asked whether they are done, as the question casts what they hold. */
@ExtendWith(PostgresExtension.class)
class UnreadableRowsTest {
    private static final String CAST = "{\"from\": \"raw\", \"to\": \"v\", \"cast\": \"integer\"}";

    private final EngineFixture fixture;
    private final TestDatabase database;

    UnreadableRowsTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, raw text, v int);
                INSERT INTO t.items (id, raw) SELECT i, i FROM generate_series(1, 1000) i
                """);
    }

    private void queue(String strategy) {
        fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration(
                        "m", "copyColumn", "t.items", "id", strategy, 1, Long.MAX_VALUE, 500, CAST));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "ranges",
            value = {"ranges, true", "BlockBatchingStrategy, true", "BlockBatchingStrategy, false"})
    @Sample(oneOf = 3)
    void setsThemAsideAndChangesTheOthers(String strategy, boolean key) {
        if (!key) {
            database.execute("ALTER TABLE t.items DROP CONSTRAINT items_pkey");
        }
        database.execute("UPDATE t.items SET raw = 'x' WHERE id IN (1, 500, 1000)");
        queue(strategy);

        fixture.drain(Map.of());

        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.quarantine("failure_sqlstate")).containsExactly("22P02", "22P02", "22P02");
        assertThat(database.column("SELECT id FROM t.items WHERE v IS NULL ORDER BY id"))
                .containsExactly("1", "500", "1000");
        assertThat(fixture.jobs("m", "attempts")).containsOnly("1");

        database.execute("UPDATE t.items SET raw = id WHERE raw = 'x'");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE v = id")).isEqualTo(1_000);
    }

    @Test
    void setsThoseAsideThatComeBeforeTheProof() {
        queue("BlockBatchingStrategy");
        BatchedMigrations engine = fixture.engine(Map.of());
        for (int turn = 0; turn < 50 && proofs() == 0; turn++) {
            engine.planner().plan().due().stream()
                    .filter(job -> proofs() == 0)
                    .forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        database.execute("INSERT INTO t.items VALUES (2000, 'x'), (2001, 'y'), (2002, '7')");

        fixture.drain(Map.of());

        assertThat(fixture.quarantine("row_key ->> 'id'")).containsExactlyInAnyOrder("2000", "2001");
        assertThat(database.text("SELECT v FROM t.items WHERE id = 2002")).isEqualTo("7");
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
    }

    private long proofs() {
        return database.number("SELECT count(*) FROM batched_background_migration_walks WHERE kind = 'verify'");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "ranges",
            value = {"ranges", "BlockBatchingStrategy"})
    void verifiesPastThoseThatWereWaived(String strategy) {
        database.execute("UPDATE t.items SET raw = 'x' WHERE id % 150 = 0");
        queue(strategy);
        fixture.drain(Map.of());
        BatchedMigrations engine = fixture.engine(Map.of());
        assertThat(engine.quarantine().waive("m", List.of(), "jane", "test rows"))
                .isEqualTo(6);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
        List<VerificationResult> verified = engine.verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {});
        assertThat(verified).singleElement().satisfies(one -> {
            assertThat(one.verdict()).isEqualTo(VerificationResult.Verdict.COMPLETE);
            assertThat(one.left()).isZero();
        });
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "ranges",
            value = {"ranges", "BlockBatchingStrategy"})
    void countsAndNamesOneThatCameLaterAndVerifiesTheOtherMigrations(String strategy) {
        queue(strategy);
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("other")
                        .work("copyColumn", "{\"from\": \"v\", \"to\": \"v\"}")
                        .table("t.items")
                        .byKey("id")
                        .batchSize(500)
                        .build());
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        database.execute("INSERT INTO t.items VALUES (2000, 'alice@example.org'), (2001, '7')");

        List<VerificationResult> verified =
                fixture.engine(Map.of()).verify(List.of(), StopSignal.NEVER, (name, rows) -> {});

        assertThat(verified).hasSize(2);
        assertThat(verified.get(0).verdict()).isEqualTo(VerificationResult.Verdict.INCOMPLETE);
        assertThat(verified.get(0).left()).isEqualTo(2);
        assertThat(verified.get(0).samples()).containsExactlyInAnyOrder("{\"id\": \"2000\"}", "{\"id\": \"2001\"}");
        assertThat(verified.get(0).explanation())
                .contains("2 rows are not done")
                .contains("for 1 of them the check itself failed")
                .doesNotContain("alice");
        assertThat(verified.get(1).verdict()).isEqualTo(VerificationResult.Verdict.COMPLETE);
    }

    @Test
    void verifiesTheOtherMigrationsWhereOneCannotBeAskedForAnyRow() {
        Map<String, WorkFunction> work = Map.of(
                "first", ((WorkFunction) context -> context.update("v = 1")).withPending("v IS NULL"),
                "second", ((WorkFunction) context -> context.update("raw = 'y'")).withPending("raw <> 'y'"));
        for (String name : List.of("first", "second")) {
            fixture.engine(work)
                    .store()
                    .queue(NewBatchedMigration.named(name)
                            .work(name)
                            .table("t.items")
                            .byKey("id")
                            .batchSize(500)
                            .build());
        }
        assertThat(fixture.drain(work).isComplete()).isTrue();
        database.execute("ALTER TABLE t.items RENAME COLUMN v TO w");

        List<VerificationResult> verified =
                fixture.engine(work).verify(List.of(), StopSignal.NEVER, (name, rows) -> {});

        assertThat(verified)
                .extracting(VerificationResult::verdict)
                .containsExactly(VerificationResult.Verdict.UNKNOWN, VerificationResult.Verdict.COMPLETE);
        assertThat(verified.get(0).explanation()).startsWith("could not be verified: ");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void findsThemAmongManyRowsOfOneKeyWithoutAListOfThose(boolean key) {
        database.execute("""
                ALTER TABLE t.items ADD COLUMN k int NOT NULL DEFAULT 5;
                INSERT INTO t.items (id, raw) SELECT i, i FROM generate_series(1001, 12000) i;
                CREATE INDEX ON t.items (k)
                """);
        if (!key) {
            database.execute("ALTER TABLE t.items DROP CONSTRAINT items_pkey");
        }
        fixture.engine(Map.of())
                .store()
                .queue(NewBatchedMigration.named("m")
                        .work("copyColumn", CAST)
                        .table("t.items")
                        .byKey("k")
                        .batchSize(500)
                        .build());
        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();
        database.execute("UPDATE t.items SET raw = 'x' WHERE id IN (1, 6000, 12000)");
        CountedStatements counted = new CountedStatements(database);

        List<VerificationResult> verified = EngineFixture.engine(counted, EngineFixture.SETTINGS, Map.of())
                .verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {});

        assertThat(verified).singleElement().satisfies(one -> {
            assertThat(one.verdict()).isEqualTo(VerificationResult.Verdict.INCOMPLETE);
            assertThat(one.left()).isEqualTo(3);
        });
        assertThat(counted.mostRows()).isLessThanOrEqualTo(1_001);
    }
}
