package org.registrybbm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Which of the transactions around a batch job wait for the disk. */
@ExtendWith(PostgresExtension.class)
class QuartzConnectionsTest {
    // A server of tests flushes nothing.
    private static final String DEFAULT = """
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I %s', current_database()); END $$
            """;

    private final TestDatabase database;
    private final Fleet fleet;

    QuartzConnectionsTest(TestDatabase database) {
        this.database = database;
        this.fleet = new Fleet(database);
    }

    @AfterEach
    void stop() {
        fleet.close();
        database.execute("DROP FUNCTION public.note() CASCADE; DROP TABLE public.noted");
        database.execute(DEFAULT.formatted("RESET synchronous_commit"));
    }

    /** Has each change of a table note what its transaction does about the disk. */
    @BeforeEach
    void note() {
        database.execute(DEFAULT.formatted("SET synchronous_commit = on"));
        database.execute("""
                CREATE TABLE public.noted (what text NOT NULL, flush text NOT NULL);
                CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO public.noted
                    VALUES (tg_table_name || ' ' || lower(tg_op), current_setting('synchronous_commit'));
                    RETURN NULL;
                END
                $$;
                CREATE TRIGGER note AFTER INSERT OR DELETE ON qrtz_triggers
                    FOR EACH ROW EXECUTE FUNCTION public.note();
                CREATE TRIGGER note AFTER INSERT OR DELETE ON qrtz_fired_triggers
                    FOR EACH ROW EXECUTE FUNCTION public.note();
                CREATE TRIGGER note AFTER UPDATE ON batched_background_migration_jobs
                    FOR EACH ROW WHEN (new.lease_token IS NOT NULL AND old.lease_token IS NULL)
                    EXECUTE FUNCTION public.note()
                """);
    }

    @Test
    void onlyTheClaimWaitsForTheDisk() throws Exception {
        Ledger ledger = Ledger.create(database, "flushed", 100).queue(100, "{}");
        fleet.start("one");
        ledger.awaitFinishedExactly(Duration.ofSeconds(20));
        fleet.close();

        assertThat(database.column("SELECT DISTINCT what || ' ' || flush FROM public.noted ORDER BY 1"))
                .containsExactly(
                        "batched_background_migration_jobs update on",
                        "qrtz_fired_triggers delete off",
                        "qrtz_fired_triggers insert off",
                        "qrtz_triggers delete off",
                        "qrtz_triggers insert off");
    }
}
