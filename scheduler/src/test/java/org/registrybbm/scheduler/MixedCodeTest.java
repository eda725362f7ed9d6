package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.work.WorkRegistry;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Replicas of two versions at once, as in every rolling deploy. */
@ExtendWith(PostgresExtension.class)
class MixedCodeTest {
    private final TestDatabase database;
    private final Fleet fleet;

    MixedCodeTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        fleet.close();
    }

    @Test
    void aMigrationFinishesOnTheReplicaThatHasItsCodeAndNothingFails() throws Exception {
        Ledger ledger = Ledger.create(database, "rolling", 300).queue(100, "{}");
        rememberStatuses();

        fleet.start(fleet.replica("old").with(WorkRegistry.shipped()));
        await().atMost(Duration.ofSeconds(20)).until(() -> missingSince().matches("\\d{4}-.*"));
        fleet.start("new");

        ledger.awaitFinishedExactly(Duration.ofSeconds(90));
        assertThat(ledger.replicas()).containsExactly("new");
        assertThat(missingSince()).isEqualTo("null");
        assertThat(database.column("SELECT DISTINCT status FROM statuses")).doesNotContain("3");
        assertThat(ledger.jobs("j.attempts")).containsOnly("1");
    }

    @Test
    void aMigrationThatNobodyKnowsFailsAfterTheGraceAndLivesAgainWhenTheCodeArrives() throws Exception {
        Ledger ledger = Ledger.create(database, "unknown", 300).queue(100, "{}");
        Ledger healthy = Ledger.create(database, "behind", 300).queue(100, "{\"from\": \"n\"}");
        database.execute("""
                ALTER TABLE public.behind ADD COLUMN copy bigint;
                UPDATE batched_background_migrations
                SET job_signature_name = 'copyColumn', arguments = '{"from": "n", "to": "copy", "cast": "bigint"}'
                WHERE name = 'behind'
                """);

        fleet.start(fleet.replica("old-1").with(WorkRegistry.shipped()).with(graceOf(8)));
        fleet.start(fleet.replica("old-2").with(WorkRegistry.shipped()).with(graceOf(8)));

        await().atMost(Duration.ofSeconds(30)).until(() -> ledger.status() == 3);
        assertThat(database.text("""
                SELECT concat_ws(' ', failure_error_code, updated_at - code_missing_since >= interval '8 s', failure_message)
                FROM batched_background_migrations
                WHERE name = 'unknown'
                """)).startsWith("3 t no replica knows the work function 'addOne'");
        await().atMost(Duration.ofSeconds(20)).until(() -> healthy.status() == 2);

        fleet.start("new");

        ledger.awaitFinishedExactly(Duration.ofSeconds(60));
        assertThat(database.text("SELECT failure_message FROM batched_background_migrations WHERE name = 'unknown'"))
                .isEqualTo("null");
    }

    private static EngineSettings graceOf(int seconds) {
        EngineSettings.Timeouts shipped = EngineSettings.Timeouts.defaults();
        return Replica.SETTINGS.toBuilder()
                .statementTimeout(shipped.statement())
                .lockTimeout(shipped.lock())
                .idleInTransactionTimeout(shipped.idleInTransaction())
                .lease(shipped.lease())
                .retryDelay(shipped.retryDelay())
                .missingCode(Duration.ofSeconds(seconds))
                .build();
    }

    private String missingSince() {
        return database.text("SELECT code_missing_since FROM batched_background_migrations WHERE name = 'rolling'");
    }

    /** Lets the database write down every status that a migration ever has. */
    private void rememberStatuses() {
        database.execute("""
                CREATE TABLE public.statuses (status int);
                CREATE FUNCTION public.remember() RETURNS trigger LANGUAGE plpgsql
                    AS 'BEGIN INSERT INTO public.statuses VALUES (NEW.status); RETURN NULL; END';
                CREATE TRIGGER remember AFTER UPDATE ON batched_background_migrations
                    FOR EACH ROW EXECUTE FUNCTION public.remember()
                """);
    }
}
