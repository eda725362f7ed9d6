package org.registrybbm.migrations.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.spi.Retention;
import org.registrybbm.migrations.status.MigrationOverview;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.EngineRole;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.RegistryWorker;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Batch jobs of a migration that finished long ago are folded, and nobody sees another sum or does a row again. */
@ExtendWith(PostgresExtension.class)
class FoldingTest {
    /** Of one row each. */
    private static final int JOBS = 400;

    /** More than one step looks at. */
    private static final int MANY = 2_200;

    /** The oldest, the newest 100, and one that has all others. */
    private static final int LEFT = 102;

    private static final String COUNT_JOBS = "SELECT count(*) FROM batched_background_migration_jobs";
    private static final Map<String, WorkFunction> WORK =
            Map.of("work", ItemsWork.DO_ONE, "blind", (WorkFunction) context -> context.update("n = n + 1"));

    private static final EngineSettings SETTINGS =
            EngineFixture.SETTINGS.toBuilder().retention(Duration.ofDays(1)).build();

    private final EngineFixture fixture;
    private final TestDatabase database;

    FoldingTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database);
    }

    private enum Cut {
        NUMBERS,
        KEYS,
        NOTHING
    }

    @ParameterizedTest
    @EnumSource
    void showsTheSameAsBefore(Cut cut) {
        finishedLongAgo(cut, "work");
        BatchedMigrations engine = engine();
        MigrationOverview before = overview(engine);
        String sums = sums();
        Object map = engine.status().map(before, 40);
        long all = before.finishedJobs();
        assertThat(all).isGreaterThanOrEqualTo(JOBS);

        fold(engine);

        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT);
        assertThat(overview(engine)).isEqualTo(before);
        assertThat(sums()).isEqualTo(sums);
        assertThat(engine.status().map(before, 40)).isEqualTo(map);
        assertThat(engine.status().batchJobs(before.migration().id(), false, Long.MAX_VALUE, 1000).stream()
                        .filter(one -> one.foldedJobs() > 0))
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.foldedJobs()).isEqualTo(all - LEFT);
                    assertThat(one.job().coveredTupleCount()).isEqualTo(all - LEFT + 1);
                    assertThat(one.busyMillis()).isEqualTo(all - LEFT + 1);
                });
        assertThat(engine.retention().step()).isEqualTo(Retention.Step.NOTHING);
    }

    /** Its work function does not say which rows are pending, so a range that got lost would be gone over again. */
    @ParameterizedTest
    @EnumSource(names = {"NUMBERS", "KEYS"})
    void startedAgainItKnowsWhatIsDone(Cut cut) {
        finishedLongAgo(cut, "blind");
        fold(engine());
        assertThat(database.number("SELECT count(*) FROM batched_background_migration_walks WHERE NOT contiguous"))
                .as("walks whose ranges have to be compared")
                .isZero();

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.drain(WORK);

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> 1")).isZero();
        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT);
    }

    @Test
    void verifiedAgainItDoesWhatIsLeft() {
        finishedLongAgo(Cut.NUMBERS, "work");
        fold(engine());
        database.execute("UPDATE t.items SET v = NULL WHERE id = 50");

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.drain(WORK);

        assertThat(fixture.of("m", "status = 2 AND verified_at IS NOT NULL")).isEqualTo("t");
        assertThat(database.column("SELECT id FROM t.items WHERE n <> 1")).containsExactly("50");
        assertThat(engine().retention().step()).isEqualTo(Retention.Step.NOTHING);
        database.execute("UPDATE batched_background_migrations SET finished_at = now() - interval '2 days',"
                + " folded_at = now() - interval '3 days'");
        assertThat(engine().retention().step()).as("finished again").isEqualTo(Retention.Step.MORE);
    }

    @Test
    void whatNobodyDidIsNotCoveredUp() {
        finishedLongAgo(Cut.NUMBERS, "blind");
        database.execute("DELETE FROM batched_background_migration_jobs WHERE min_value BETWEEN 200 AND 209");
        fold(engine());
        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT + 1);

        fixture.setStatus("m", MigrationStatus.ACTIVE);
        fixture.drain(WORK);

        assertThat(database.text("SELECT min(id) || ' to ' || max(id) || ', ' || count(*) FROM t.items WHERE n = 2"))
                .isEqualTo("200 to 209, 10");
    }

    @Test
    void theRegistrysOwnSoftwareKnowsWhatIsDone() {
        finishedLongAgo(Cut.NUMBERS, "blind");
        fold(engine());
        fixture.setStatus("m", MigrationStatus.ACTIVE);

        assertThat(new RegistryWorker(database, "n = n + 1").work(100)).isTrue();

        assertThat(fixture.status("m")).isEqualTo(MigrationStatus.FINISHED);
        assertThat(database.number("SELECT count(*) FROM t.items WHERE n <> 1")).isZero();
    }

    @Test
    void leavesAloneWhatIsNotFinishedForLongEnough() {
        finishedLongAgo(Cut.NUMBERS, "work");
        for (String set : List.of(
                "migrations SET finished_at = now() - interval '23 hours'",
                "migrations SET status = 0",
                "migrations SET status = 1",
                "migrations SET status = 3",
                "migrations SET status = 4",
                "migration_jobs SET status = 3 WHERE min_value = 200",
                "migration_jobs SET status = 1 WHERE min_value = 200",
                "migration_budgets SET batch_jobs = 0 WHERE scope = 'fleet'",
                "migration_quarantined_rows SET status = 'quarantined'")) {
            database.execute("""
                    UPDATE batched_background_migrations SET status = 2, finished_at = now() - interval '2 days';
                    UPDATE batched_background_migration_jobs SET status = 2;
                    UPDATE batched_background_migration_budgets SET batch_jobs = 2;
                    INSERT INTO batched_background_migration_quarantined_rows
                        (batched_background_migration_id, table_oid, table_name, row_key, status, failure_message)
                    SELECT id, 't.items'::regclass, 't.items', '{"id": "7"}', 'done', 'odd'
                    FROM batched_background_migrations
                    ON CONFLICT DO NOTHING;
                    """ + "UPDATE batched_background_" + set);

            assertThat(engine().retention().step()).as(set).isEqualTo(Retention.Step.NOTHING);
        }
        assertThat(database.number(COUNT_JOBS)).isEqualTo(JOBS + 1);

        database.execute("UPDATE batched_background_migration_quarantined_rows SET status = 'done'");
        assertThat(engine().retention().step()).isEqualTo(Retention.Step.MORE);
    }

    @Test
    void leavesEverythingIfThereIsNoPeriodAndWhatTheRegistryMade() {
        finishedLongAgo(Cut.NUMBERS, "work");
        database.execute(
                "UPDATE batched_background_migration_jobs SET walk_id = NULL WHERE min_value < 200 AND busy_ms = 1");

        assertThat(fixture.engine(EngineFixture.SETTINGS.toBuilder()
                                .retention(Duration.ZERO)
                                .build())
                        .retention()
                        .step())
                .isEqualTo(Retention.Step.NOTHING);
        fold(engine());

        assertThat(database.number("SELECT count(*) FROM batched_background_migration_jobs WHERE walk_id IS NULL"))
                .isEqualTo(199);
        assertThat(database.number(COUNT_JOBS)).isEqualTo(199 + 101);
    }

    @Test
    void passesByWhatIsLocked() throws SQLException {
        finishedLongAgo(Cut.NUMBERS, "work");
        String sums = sums();
        try (Connection other = database.getConnection()) {
            other.setAutoCommit(false);
            try (Statement statement = other.createStatement()) {
                statement.execute(
                        "SELECT FROM batched_background_migration_jobs WHERE min_value = 200 FOR NO KEY UPDATE");
            }
            fold(engine());
        }

        assertThat(database.number(COUNT_JOBS))
                .as("it, and one on each side of it")
                .isEqualTo(LEFT + 2);
        assertThat(sums()).isEqualTo(sums);
    }

    @Test
    void waitsForNobodyWhoChangesTheMigration() throws SQLException {
        finishedLongAgo(Cut.NUMBERS, "work");
        try (Connection other = database.getConnection()) {
            other.setAutoCommit(false);
            try (Statement statement = other.createStatement()) {
                statement.execute("UPDATE batched_background_migrations SET status = 1");
            }
            assertThat(engine().retention().step()).isEqualTo(Retention.Step.LOCKED);
        }
    }

    @Test
    void oneReplicaFoldsAndAnotherGoesOnWhenItDies() {
        finishedLongAgo(Cut.NUMBERS, "work", MANY);
        String sums = sums();
        Retention first = engine().retention();
        Retention second = engine().retention();
        assertThat(first.step()).isEqualTo(Retention.Step.MORE);
        assertThat(second.step()).isEqualTo(Retention.Step.NOTHING);

        database.execute("UPDATE batched_background_migrations SET folding_until = now() - interval '1 second'");
        assertThat(second.step()).isEqualTo(Retention.Step.MORE);
        assertThat(first.step()).as("it was only frozen").isEqualTo(Retention.Step.NOTHING);
        while (second.step() == Retention.Step.MORE) {}

        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT);
        assertThat(sums()).isEqualTo(sums);
    }

    @Test
    void manyAtOnceCountNothingTwice() {
        finishedLongAgo(Cut.NUMBERS, "work", MANY);
        String sums = sums();

        CompletableFuture.allOf(
                        CompletableFuture.runAsync(() -> fold(engine())),
                        CompletableFuture.runAsync(() -> fold(engine())),
                        CompletableFuture.runAsync(() -> fold(engine())))
                .join();

        assertThat(sums()).isEqualTo(sums);
        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT);
    }

    /** By an error, or by a lock that nobody gives back. */
    @ParameterizedTest
    @ValueSource(strings = {"raise_exception", "lock_not_available"})
    void oneThatCannotBeFoldedKeepsNoOtherFromIt(String condition) {
        finishedLongAgo(Cut.NUMBERS, "work");
        database.execute("""
                INSERT INTO batched_background_migrations
                    (id, name, max_value, batch_size, status, job_signature_name, table_name, column_name, finished_at)
                VALUES (-1, 'sick', 1, 1, 2, 'x', 't.items', 'id', now() - interval '3 days');
                CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION USING ERRCODE = '%s';
                END
                $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON batched_background_migrations
                    FOR EACH ROW WHEN (old.name = 'sick') EXECUTE FUNCTION t.refuse()
                """.formatted(condition));
        try {
            Retention retention = engine().retention();
            for (int steps = 0; fixture.of("m", "folded_at IS NULL").equals("t"); steps++) {
                assertThat(steps).as("it ends").isLessThan(100);
                try {
                    retention.step();
                } catch (DatabaseException e) {
                    assertThat(e).hasMessageContaining("'sick'");
                }
            }
        } finally {
            database.execute("DROP FUNCTION t.refuse() CASCADE");
        }
        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT);
    }

    @Test
    void keepsDecisionsAndDeletesSamples() {
        finishedLongAgo(Cut.NUMBERS, "work");
        database.execute("""
                INSERT INTO batched_background_migration_samples
                SELECT id, n, now(), n, n FROM batched_background_migrations, generate_series(1, 2500) n;
                INSERT INTO batched_background_migration_events (batched_background_migration_id, event)
                SELECT id, e FROM batched_background_migrations,
                    unnest('{paused, batch_size, sub_batch_size, taken_over, proposed, waived}'::text[]) e
                """);

        fold(engine());

        assertThat(database.number("SELECT count(*) FROM batched_background_migration_samples"))
                .isZero();
        assertThat(database.column("SELECT event FROM batched_background_migration_events ORDER BY id"))
                .contains("verified", "paused", "waived")
                .doesNotContain("batch_size", "sub_batch_size", "taken_over", "proposed")
                .endsWith("folded");
        assertThat(database.text("SELECT new_value FROM batched_background_migration_events WHERE event = 'folded'"))
                .isEqualTo(Integer.toString(JOBS + 1 - LEFT));
    }

    @Test
    void needsNoMoreRightsThanAWorkerHas() {
        finishedLongAgo(Cut.NUMBERS, "work");
        TestDatabase role = EngineRole.of(database);
        database.execute(
                EngineRole.in("REVOKE INSERT, UPDATE, DELETE ON batched_background_migration_tallies FROM engine"));

        fold(EngineFixture.engine(role, SETTINGS, WORK));

        assertThat(database.number(COUNT_JOBS)).isEqualTo(LEFT);
    }

    private BatchedMigrations engine() {
        return fixture.engine(SETTINGS, WORK);
    }

    private static void fold(BatchedMigrations engine) {
        for (int steps = 0; engine.retention().step() != Retention.Step.NOTHING; steps++) {
            assertThat(steps).as("it ends").isLessThan(1_000);
        }
    }

    private static MigrationOverview overview(BatchedMigrations engine) {
        return engine.status().overviews(List.of("m")).get(0);
    }

    private String sums() {
        return database.text("""
                SELECT concat_ws(' ', (
                        SELECT concat_ws(' ', sum(finished), sum(uncounted), sum(covered_tuple_count),
                            sum(migrated_tuple_count), sum(takeovers))
                        FROM batched_background_migration_tallies
                    ), sum(1 + folded_job_count), sum(covered_tuple_count), sum(migrated_tuple_count), sum(takeover_count),
                    sum(busy_ms), min(started_at), max(finished_at))
                FROM batched_background_migration_jobs
                """);
    }

    private void finishedLongAgo(Cut cut, String work) {
        finishedLongAgo(cut, work, JOBS);
    }

    /** Finishes a migration in one batch job, and then makes a batch job of each of its rows. */
    private void finishedLongAgo(Cut cut, String work, int jobs) {
        database.execute("""
                CREATE TABLE t.items (id bigint PRIMARY KEY, k text COLLATE "C" NOT NULL UNIQUE, n int NOT NULL DEFAULT 0, v bigint);
                CREATE INDEX ON t.items (v) WHERE v IS NULL;
                INSERT INTO t.items SELECT i, 'k' || to_char(i, 'FM00000') FROM generate_series(1, %d) i
                """.formatted(jobs));
        fixture.queue(
                work,
                cut == Cut.NOTHING ? "NullKeySetBatchingStrategy" : null,
                cut == Cut.NUMBERS ? "id" : cut == Cut.KEYS ? "k" : "v",
                jobs * 2,
                jobs * 2);
        assertThat(fixture.drain(WORK).isComplete()).isTrue();
        database.execute("""
                WITH gone AS (
                    DELETE FROM batched_background_migration_jobs j
                    USING batched_background_migration_walks w
                    WHERE w.id = j.walk_id
                        AND w.kind = 'change'
                    RETURNING j.walk_id
                )
                INSERT INTO batched_background_migration_jobs
                    (batched_background_migration_id, walk_id, min_value, max_value, after_key, through_key, status,
                     attempts, started_at, finished_at, covered_tuple_count, migrated_tuple_count, busy_ms,
                     sub_batch_size, takeover_count)
                SELECT m.id, g.walk_id, CASE WHEN NOT numbers THEN 0 WHEN i = 1 THEN m.min_value ELSE i END,
                    CASE WHEN NOT numbers THEN 0 WHEN i = n THEN m.max_value ELSE i END,
                    CASE WHEN keys AND i > 1 THEN jsonb_build_array('k' || to_char(i - 1, 'FM00000')) END,
                    CASE WHEN keys AND i < n THEN jsonb_build_array('k' || to_char(i, 'FM00000')) END,
                    2, 1, now() - interval '3 days' + i * interval '1 s', now() - interval '2 days' + i * interval '1 s',
                    1, 1, 1, 10, i % 2
                FROM batched_background_migrations m
                CROSS JOIN (SELECT min(walk_id) AS walk_id FROM gone) g
                CROSS JOIN (VALUES (JOBS, CUT = 'NUMBERS', CUT = 'KEYS')) AS given (n, numbers, keys)
                CROSS JOIN generate_series(1, n) AS series (i)
                ORDER BY series.i;
                UPDATE batched_background_migration_jobs
                SET id = nextval(pg_get_serial_sequence('batched_background_migration_jobs', 'id'))
                WHERE walk_id NOT IN (SELECT id FROM batched_background_migration_walks WHERE kind = 'change');
                UPDATE batched_background_migration_walks SET contiguous = true;
                UPDATE batched_background_migrations SET finished_at = now() - interval '2 days';
                ANALYZE batched_background_migration_jobs
                """.replace("CUT", "'" + cut + "'").replace("JOBS", Integer.toString(jobs)));
    }
}
