package org.registrybbm.migrations.cutting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.registrybbm.migrations.RunResult;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows that are found by a predicate, where it takes long to find the first one. */
@ExtendWith(PostgresExtension.class)
class SlowSearchTest {
    private static final String PENDING = "v IS NULL AND t.found()";
    private static final Map<String, WorkFunction> WORK =
            Map.of("one", ((WorkFunction) context -> context.update("n = n + 1, v = 1")).withPending(PENDING));

    private final TestDatabase database;
    private final EngineFixture fixture;

    SlowSearchTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(1, 1);
    }

    /** A search finds nothing for as long as there is a row in {@code t.held}. */
    @BeforeEach
    void holdTheSearch() {
        fixture.items(1, 300);
        database.execute("""
                CREATE TABLE t.held ();
                CREATE FUNCTION t.found() RETURNS boolean LANGUAGE plpgsql AS $$
                BEGIN
                    WHILE EXISTS (SELECT FROM t.held) LOOP
                        PERFORM pg_sleep(0.01);
                    END LOOP;
                    RETURN true;
                END
                $$;
                CREATE INDEX ON t.items (id) WHERE v IS NULL;
                INSERT INTO t.held DEFAULT VALUES
                """);
        fixture.queue("one", "PredicateBatchingStrategy", "", 1_000, 50);
    }

    @Test
    void isLeftToABatchJobByAPlan() {
        assertThat(fixture.engine(WORK).planner().plan().due()).hasSize(1);

        database.execute("DELETE FROM t.held");
        assertThat(fixture.drain(WORK).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    @Test
    void changesNothingOnceTheMigrationIsPausedMeanwhile() {
        Worker<RunResult> worker = Worker.start(() -> fixture.engine(WORK).runToEnd(List.of(), StopSignal.NEVER));
        awaitSearchFor("1 second");

        fixture.setStatus("m", MigrationStatus.PAUSED);
        database.execute("DELETE FROM t.held");

        assertThat(worker.result().isComplete()).isFalse();
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n > 0")).isZero();
        assertThat(fixture.jobs("m", "j.attempts || ' ' || (j.lease_until IS NULL)"))
                .containsExactly("0 true");

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        assertThat(fixture.drain(WORK).isComplete()).isTrue();
        fixture.assertEachItemChangedOnce();
    }

    private void awaitSearchFor(String time) {
        await().atMost(Duration.ofMinutes(1)).until(() -> database.number("""
                SELECT count(*)
                FROM pg_stat_activity
                WHERE query LIKE '%%FROM t.items%%t.found()%%'
                    AND query NOT LIKE '%%EXISTS%%'
                    AND pid <> pg_backend_pid()
                    AND state = 'active'
                    AND clock_timestamp() - query_start > interval '%s'
                """.formatted(time)) == 1);
    }
}
