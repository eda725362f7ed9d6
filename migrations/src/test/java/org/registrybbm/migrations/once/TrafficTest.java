package org.registrybbm.migrations.once;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.failure.DatabaseException;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.FlakyDataSource;
import org.registrybbm.migrations.testkit.Traffic;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every row that was there at the start and still is has been changed once, whatever the key: with several workers, while the
 * application writes and connections break. {@code -Dtraffic.rows=1000000} makes it big.
 */
@ExtendWith(PostgresExtension.class)
class TrafficTest {
    private static final Logger LOGGER = LoggerFactory.getLogger(TrafficTest.class);
    private static final int ROWS = Integer.getInteger("traffic.rows", 3_000);
    private static final long LONGEST_SECONDS = 60 + ROWS / 2_000;
    private static final int WORKERS = 3;
    private static final int MOST_KILLS = 12;
    private static final String WORK = "work";
    private static final EngineSettings MANY_ATTEMPTS =
            EngineFixture.SETTINGS.toBuilder().maxJobAttempts(100).build();

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final AtomicInteger kills = new AtomicInteger();

    TrafficTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(WORKERS, WORKERS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "NULL",
            value = {
                "NULL | k    | k uuid DEFAULT gen_random_uuid() PRIMARY KEY",
                "NULL | a, b | a int DEFAULT random() * 1000, b text DEFAULT md5(random()::text), PRIMARY KEY (a, b)",
                "NULL | k    | k timestamptz DEFAULT date_trunc('hour', now() - random() * interval '60 days')",
                "BlockBatchingStrategy | '' | gone int",
                "PredicateBatchingStrategy | '' | gone int",
            })
    @Sample(oneOf = 2)
    void changesEachRowOnce(String strategy, String column, String key) {
        database.execute("""
                CREATE TABLE t.items (
                    tag bigint, touched int NOT NULL DEFAULT 0, n int NOT NULL DEFAULT 0, todo boolean DEFAULT true, %s
                );
                INSERT INTO t.items (tag) SELECT generate_series(1, %d);
                ALTER TABLE t.items ALTER todo SET DEFAULT false;
                CREATE INDEX ON t.items (tag);
                CREATE INDEX ON t.items (touched);
                """.formatted(key, ROWS));
        if (key.contains("hour")) {
            database.execute("CREATE INDEX ON t.items (k)");
        }
        if ("PredicateBatchingStrategy".equals(strategy)) {
            database.execute("CREATE INDEX ON t.items (tag) WHERE todo");
        }
        fixture.engine(Map.of())
                .store()
                .queue(EngineFixture.migration("m", WORK, "t.items", column, strategy, 0, 0, ROWS / 12, null));
        WorkFunction work = strategy == null ? this::work : ((WorkFunction) this::work).withPending("todo");

        long began = System.nanoTime();
        long statements;
        int faults;
        try (Traffic traffic = Traffic.on(database, ROWS, 7)) {
            List<Worker<Integer>> workers = IntStream.range(0, WORKERS)
                    .mapToObj(i -> Worker.start(() -> drain(new FlakyDataSource(database, i, 60), work)))
                    .toList();
            faults = workers.stream()
                    .mapToInt(worker -> worker.resultWithin(LONGEST_SECONDS))
                    .sum();
            statements = traffic.stop();
        }

        assertThat(fixture.of("m", "status || ' ' || coalesce(failure_message, '')"))
                .isEqualTo("2 ");
        LOGGER.info(
                "{} rows by {}: {} s, {} statements of the application, {} faults, {} kills, {} batch jobs",
                ROWS,
                strategy == null ? column : strategy,
                Duration.ofNanos(System.nanoTime() - began).toSeconds(),
                statements,
                faults,
                kills,
                fixture.jobs("m", "1").size());
        assertThat(database.column(
                        "SELECT i::text FROM t.items i WHERE tag <= %d AND n <> 1 OR n > 1 LIMIT 5".formatted(ROWS)))
                .isEmpty();
        assertThat(database.column("SELECT i::text FROM t.items i WHERE todo LIMIT 5"))
                .isEmpty();
        assertThat(faults).isPositive();
        assertThat(fixture.quarantine("failure_message")).isEmpty();
    }

    private int drain(FlakyDataSource flaky, WorkFunction work) {
        BatchedMigrations engine = EngineFixture.engine(flaky, MANY_ATTEMPTS, Map.of(WORK, work));
        while (fixture.status("m").isRunnable()) {
            try {
                List<Long> due = engine.planner().plan().due();
                due.forEach(job -> engine.runner().run(job, StopSignal.NEVER));
                if (due.isEmpty()) {
                    endLeasesWithoutProgress();
                }
            } catch (DatabaseException e) {
                assertThat(e).hasMessageContaining("injected");
            }
        }
        return flaky.faults();
    }

    /** A worker that could not hand its batch back left a lease, which would end by itself. */
    private void endLeasesWithoutProgress() {
        database.execute("""
                UPDATE batched_background_migration_jobs
                SET lease_until = clock_timestamp() - interval '1 second'
                WHERE lease_until > clock_timestamp()
                    AND updated_at < clock_timestamp() - interval '1 second'
                """);
    }

    private long work(WorkContext context) throws SQLException {
        boolean before = new Random().nextInt(20) == 0;
        boolean after = new Random().nextInt(20) == 0;
        if (before) {
            kill(context);
        }
        long changed = context.update("n = n + 1, todo = false");
        if (after) {
            kill(context);
        }
        return changed;
    }

    private void kill(WorkContext context) throws SQLException {
        if (kills.incrementAndGet() > MOST_KILLS) {
            return;
        }
        try (var statement = context.connection().createStatement();
                var rows = statement.executeQuery("SELECT pg_backend_pid()")) {
            rows.next();
            database.text("SELECT pg_terminate_backend(?, 5000)", rows.getInt(1));
        }
    }
}
