package org.registrybbm.migrations.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.audit.EventLog;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.failure.UnknownMigrationException;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** A finished migration that somebody sets to active again is verified anew, and what is left is done. */
@ExtendWith(PostgresExtension.class)
class ReopenedTest {
    private static final Map<String, WorkFunction> FILL =
            Map.of("fill", ((WorkFunction) context -> context.update("v = 1")).withPending("v IS NULL"));

    private final EngineFixture fixture;
    private final TestDatabase database;

    ReopenedTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    @Test
    void isVerifiedAnewAndWhatIsLeftIsDone() {
        fixture.items(1, 100).queueItems("m", "fill", 10);
        fixture.runAll(FILL);
        assertThat(fixture.of("m", "status = 2 AND verified_at IS NOT NULL")).isEqualTo("t");
        database.execute("UPDATE t.items SET v = NULL WHERE id = 50");

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.runAll(FILL);

        assertThat(fixture.of("m", "status = 2 AND verified_at IS NOT NULL")).isEqualTo("t");
        assertThat(database.number("SELECT count(*) FROM t.items WHERE v IS NULL"))
                .isZero();
    }

    @Test
    void isDoneAnewByBlocks() {
        database.execute("""
                CREATE TABLE t.heap (a int, v bigint);
                INSERT INTO t.heap SELECT generate_series(1, 1000)
                """);
        fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration(
                        "m", "fill", "t.heap", "a", "BlockBatchingStrategy", 0, Long.MAX_VALUE, 100, null));
        fixture.runAll(FILL);
        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        database.execute("UPDATE t.heap SET v = NULL WHERE a = 50");

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.runAll(FILL);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number("SELECT count(*) FROM t.heap WHERE v IS NULL"))
                .isZero();
    }

    @Test
    void isNotProvedByWhatItOnceProved() {
        fixture.items(1, 100).queueItems("m", "fill", 10);
        fixture.runAll(FILL);
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        fixture.engine(FILL).planner().plan();

        assertThat(fixture.of("m", "verified_at IS NULL AND finished_at IS NULL"))
                .isEqualTo("t");
        assertThat(explanation()).startsWith("verifying, waits for a replica");
    }

    @Test
    void saysThatItTriesQuarantinedRowsAgain() {
        fixture.items(1, 100).queueItems("m", "fill", 100);
        database.execute("ALTER TABLE t.items ADD CONSTRAINT picky CHECK (v IS NULL OR id <> 50)");
        fixture.runAll(FILL);
        assertThat(fixture.of("m", "failure_error_code")).isEqualTo("15");
        assertThat(fixture.engine(FILL).status().overviews(List.of("m")).get(0).quarantinedRows())
                .isEqualTo(1);

        fixture.engine(FILL).quarantine().retry(List.of("m"));
        fixture.engine(FILL).planner().plan();

        assertThat(explanation()).startsWith("trying quarantined rows again, waits for a replica");
    }

    @Test
    void verificationsSayWhichWorkFunctionDoesNotTell() {
        fixture.items(1, 100).queueItems("m", ItemsWork.ADD_ONE, 100);
        fixture.runAll(FILL);

        VerificationResult verified = fixture.engine(FILL)
                .verify(List.of(), StopSignal.NEVER, (name, rows) -> {})
                .get(0);

        assertThat(verified.verdict()).isEqualTo(VerificationResult.Verdict.UNKNOWN);
        assertThat(verified.explanation())
                .isEqualTo(
                        "the work function 'addOne' does not say which rows are pending; override its method pending");
    }

    @Test
    void eventsAreTheNewestFirstAndLimited() {
        fixture.items(1, 100).queueItems("m", "fill", 10);
        fixture.runAll(FILL);
        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.runAll(FILL);
        EventLog events = fixture.engine(FILL).eventLog();

        assertThat(events.newest("m", 1000))
                .extracting(RecordedEvent::event)
                .containsSubsequence("verified", "reopened", "verified", "batch_size");
        assertThat(events.newest("m", 1)).singleElement().satisfies(event -> {
            assertThat(event.event()).isEqualTo("verified");
            assertThat(event.reason()).isEqualTo("no row is left");
        });
        assertThatThrownBy(() -> events.newest("m", 0)).hasMessage("limit is 0, allowed is 1 to 1000");
        assertThatThrownBy(() -> events.newest("n", 1)).isInstanceOf(UnknownMigrationException.class);
    }

    private String explanation() {
        return fixture.engine(FILL).status().overviews(List.of("m")).get(0).explanation();
    }
}
