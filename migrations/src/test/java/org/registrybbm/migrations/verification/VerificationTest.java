package org.registrybbm.migrations.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** After the last batch every range is looked at again, where the work function says which rows are not done. */
@ExtendWith(PostgresExtension.class)
class VerificationTest {
    private static final String WORK = "work";

    private final EngineFixture fixture;
    private final TestDatabase database;

    VerificationTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
        fixture.items(1, 300);
    }

    /** Undoes rows once the first pass is over, and before they are looked at again. */
    private void runToVerification(WorkFunction work) {
        BatchedMigrations engine = fixture.engine(Map.of(WORK, work));
        for (int turn = 0; turn < 100 && walks() == 0; turn++) {
            engine.planner().plan().due().stream()
                    .filter(job -> walks() == 0)
                    .forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }
        assertThat(walks()).isEqualTo(1);
    }

    private long walks() {
        return database.number("SELECT count(*) FROM batched_background_migration_walks WHERE kind = 'verify'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "v IS NULL",
                "v IS NULL OR v < 0",
                "NOT coalesce(v, 0) > 0",
                "v IS NULL AND 'a?%s''\\' <> ''",
                "v IS NULL AND E'\\'' <> ''",
                "v IS NULL -- not yet",
                "items.v IS NULL"
            })
    @Sample(oneOf = 3)
    void changesRowsThatWereUndoneOnceMore(String pending) {
        WorkFunction work = ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending(pending);
        fixture.queue(WORK, null, "id", 100, 30);
        runToVerification(work);
        database.execute("UPDATE t.items SET v = NULL, n = 0 WHERE id IN (1, 150, 151, 300)");

        assertThat(fixture.drain(Map.of(WORK, work)).isComplete()).isTrue();

        fixture.assertEachItemChangedOnce();
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");
    }

    @Test
    void forgetsAProofThatIsNoLongerTrue() {
        WorkFunction work = ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending("v IS NULL");
        fixture.queue(WORK, null, "id", 100, 30);
        assertThat(fixture.drain(Map.of(WORK, work)).isComplete()).isTrue();
        assertThat(verdict(work)).isEqualTo(VerificationResult.Verdict.COMPLETE);
        assertThat(fixture.of("m", "verified_at IS NOT NULL")).isEqualTo("t");

        database.execute("UPDATE t.items SET v = NULL WHERE id IN (7, 8)");

        assertThat(verdict(work)).isEqualTo(VerificationResult.Verdict.INCOMPLETE);
        assertThat(verdict(work)).isEqualTo(VerificationResult.Verdict.INCOMPLETE);
        assertThat(fixture.of("m", "status || ' ' || (verified_at IS NULL)")).isEqualTo("2 true");
        assertThat(database.number(
                        "SELECT count(*) FROM batched_background_migration_events WHERE event = 'proof_lost'"))
                .isEqualTo(1);
    }

    @Test
    void saysSoIfTheAuthorsCodeThrows() {
        fixture.queue(WORK, null, "id", 100, 30);
        WorkFunction work = new WorkFunction() {
            @Override
            public long migrate(WorkContext context) {
                return 0;
            }

            @Override
            public Optional<String> pending(WorkContext context) {
                throw new IllegalStateException("a value");
            }
        };

        VerificationResult result = fixture.engine(Map.of(WORK, work))
                .verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {})
                .get(0);

        assertThat(result.verdict()).isEqualTo(VerificationResult.Verdict.UNKNOWN);
        assertThat(result.explanation())
                .contains("could not be verified: thrown at ", "VerificationTest")
                .doesNotContain("a value");
    }

    private VerificationResult.Verdict verdict(WorkFunction work) {
        return fixture.engine(Map.of(WORK, work))
                .verify(List.of("m"), StopSignal.NEVER, (name, rows) -> {})
                .get(0)
                .verdict();
    }

    @ParameterizedTest
    @ValueSource(strings = {"t", "items", "\"T, x\"", "registry_bbm"})
    @Sample(oneOf = 2)
    void givesRowsToAStatementThatJoinsOtherTables(String alias) {
        database.execute("CREATE TABLE t.others AS SELECT id, NULL::int AS v, 1 AS one FROM t.items");
        WorkFunction work = context -> ItemsWork.update(
                context.connection(),
                "UPDATE t.items %1$s SET n = %1$s.n + o.one, v = 1 FROM t.others o WHERE o.id = %1$s.id AND "
                                .formatted(alias)
                        + context.batch().predicate(alias));
        fixture.queue(WORK, null, "id", 100, 30);
        runToVerification(work.withPending("v IS NULL"));
        database.execute("UPDATE t.items SET v = NULL, n = 0 WHERE id IN (1, 150, 151, 300)");

        assertThat(fixture.drain(Map.of(WORK, work.withPending("v IS NULL"))).isComplete())
                .isTrue();

        fixture.assertEachItemChangedOnce();
    }

    @Test
    void saysOfEachMigrationThatItWasNotBegunWhenItIsStopped() {
        WorkFunction work = ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending("v IS NULL");
        fixture.queue(WORK, null, "id", 100, 50);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, work));
        assertThat(engine.runToEnd(List.of(), StopSignal.NEVER).isComplete()).isTrue();

        assertThat(engine.verify(List.of(), () -> true, (name, rows) -> {}))
                .extracting(VerificationResult::migration, VerificationResult::verdict)
                .containsExactly(tuple("m", VerificationResult.Verdict.STOPPED));
    }

    @Test
    void neverFinishesWorkThatDoesNothing() {
        fixture.queue(WORK, null, "id", 100, 50);

        for (int start = 0; start < 2; start++) {
            fixture.setStatus("m", MigrationStatus.ACTIVE);
            fixture.drain(Map.of(WORK, ((WorkFunction) context -> 0).withPending("v IS NULL")));

            assertThat(fixture.of("m", "failure_error_code")).isIn("15", "16");
            assertThat(fixture.quarantine("row_key ->> 'id'")).isNotEmpty();
        }

        assertThat(fixture.of("m", "verified_at IS NULL")).isEqualTo("t");
        WorkFunction mended = context -> context.update("n = n + 1, v = 1");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(Map.of(WORK, mended.withPending("v IS NULL"))).isComplete())
                .isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void noticesARetriedRowThatWasUndone() {
        database.execute("ALTER TABLE t.items ADD CONSTRAINT odd CHECK (id <> 77 OR v IS NULL)");
        WorkFunction work = ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending("v IS NULL");
        fixture.queue(WORK, null, "id", 100, 50);
        fixture.drain(Map.of(WORK, work));
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        database.execute("ALTER TABLE t.items DROP CONSTRAINT odd");
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        BatchedMigrations engine = fixture.engine(Map.of(WORK, work));
        for (int turn = 0; turn < 20 && !fixture.quarantine("status").equals(List.of("done")); turn++) {
            engine.planner().plan().due().forEach(job -> engine.runner().run(job, StopSignal.NEVER));
        }

        database.execute("UPDATE t.items SET v = NULL, n = 0 WHERE id = 77");

        assertThat(fixture.drain(Map.of(WORK, work)).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void saysNothingWhereTheWorkFunctionDoesNot() {
        fixture.queue(ItemsWork.ADD_ONE, null, "id", 100, 50);

        assertThat(fixture.drain(Map.of()).isComplete()).isTrue();

        assertThat(fixture.of("m", "verified_at IS NULL")).isEqualTo("t");
        assertThat(walks()).isZero();
    }
}
