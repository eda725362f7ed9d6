package org.registrybbm.migrations.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.registrybbm.migrations.BatchedMigrations;
import org.registrybbm.migrations.budget.Budget.Change;
import org.registrybbm.migrations.budget.Budget.Subject;
import org.registrybbm.migrations.event.MigrationEvent;
import org.registrybbm.migrations.model.BatchOutcome;
import org.registrybbm.migrations.model.MigrationStatus;
import org.registrybbm.migrations.model.StopSignal;
import org.registrybbm.migrations.settings.EngineSettings;
import org.registrybbm.migrations.testkit.EngineFixture;
import org.registrybbm.migrations.testkit.ItemsWork;
import org.registrybbm.migrations.testkit.Worker;
import org.registrybbm.migrations.testkit.forms.Sample;
import org.registrybbm.migrations.work.WorkContext;
import org.registrybbm.testkit.postgres.BareDataSource;
import org.registrybbm.testkit.postgres.PostgresExtension;
import org.registrybbm.testkit.postgres.TestDatabase;

/** Rows per second hold over all workers, by the database's clock. */
@Tag("slow")
@ExtendWith(PostgresExtension.class)
class RateTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final EngineFixture fixture;
    private final TestDatabase database;
    private final Budgets budgets;
    private final List<Worker<BatchOutcome>> workers = new ArrayList<>();
    private volatile boolean stopping;

    RateTest(TestDatabase database) {
        this.database = database;
        this.fixture = EngineFixture.clean(database).limits(4, 4);
        this.budgets = fixture.engine(Map.of()).budgets();
        database.execute("CREATE TABLE t.log (name text, rows bigint, at timestamptz DEFAULT clock_timestamp())");
    }

    @AfterEach
    void stop() {
        stopping = true;
        workers.forEach(Worker::result);
    }

    @Test
    void allWorkersTogetherKeepToTheFleetsRate() {
        queue("a");
        queue("b");
        budgets.set(Subject.FLEET, Change.rowsPerSecond(Limit.of(400)));

        start(4);

        assertRate(400, 4, "true");
    }

    @Test
    void eachMigrationKeepsToTheDefaultRateOnItsOwn() {
        queue("a");
        queue("b");
        budgets.set(Subject.EACH_MIGRATION, Change.rowsPerSecond(Limit.of(300)));

        start(4);

        assertRate(300, 2, "name = 'a'");
        assertRate(300, 2, "name = 'b'");
        assertThat(budgets.list())
                .as("the rows that keep the pace are nobody's business")
                .hasSize(3);
    }

    @Test
    void theLeastOfBothRatesCounts() {
        queue("a");
        budgets.set(Subject.FLEET, Change.rowsPerSecond(Limit.of(100_000)));
        budgets.set(Subject.migration("a"), Change.rowsPerSecond(Limit.of(200)));

        start(4);

        assertRate(200, 4, "true");
    }

    /** Each replica that is idle would plan after each sub-batch of the others. */
    @Test
    void keepingThePaceIsNoNewsForThoseWhoLookForWork() {
        queue("a");
        budgets.set(Subject.EACH_MIGRATION, Change.rowsPerSecond(Limit.of(1_000)));
        BatchedMigrations engine = engine(Duration.ofSeconds(10));
        long job = engine.planner().plan().due().get(0);
        List<Long> outlooks = new ArrayList<>();

        engine.runner().run(job, () -> {
            if (rows() > 0) {
                outlooks.add(engine.planner().outlook());
            }
            return outlooks.size() == 4;
        });

        assertThat(database.number("SELECT count(*) FROM t.log")).isGreaterThan(1);
        assertThat(outlooks).hasSize(4).containsOnly(outlooks.get(0));
    }

    @Test
    void aLowRateIsNotForgottenInItsOwnSubBatch() {
        queue("a");
        budgets.set(Subject.FLEET, Change.rowsPerSecond(Limit.of(2)));

        start(2);
        await().atMost(PATIENCE).until(() -> rows() >= 6);

        assertThat(database.number("SELECT max(rows) FROM t.log")).isEqualTo(1);
        // A row is noted a little before or after it is paid for: a tenth of the rate is left for that.
        assertThat(database.text("SELECT sum(rows) <= 2.2 * extract(epoch FROM max(at) - min(at)) + 2 FROM t.log"))
                .isEqualTo("t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rows_per_second = 1000000", "rows_per_second = NULL", "rows_per_second = -1"})
    @Sample(oneOf = 3)
    void aHigherRateIsObeyedAtOnceWhateverIsOwed(String change) {
        queue("a");
        database.execute("UPDATE batched_background_migration_budgets SET rows_per_second = 1 WHERE scope = 'fleet'");
        start(4);
        await().atMost(PATIENCE).until(() -> rows() >= 4);
        // As after many workers at one row a second.
        database.execute(
                "UPDATE batched_background_migration_budgets SET paced_until = clock_timestamp() + interval '1 hour'");

        database.execute("UPDATE batched_background_migration_budgets SET " + change + " WHERE scope = 'fleet'");

        await().atMost(PATIENCE).until(() -> rows() >= 2_000);
    }

    @Test
    void aLowerRateIsObeyed() {
        queue("a");
        budgets.set(Subject.FLEET, Change.rowsPerSecond(Limit.of(4_000)));
        start(2);
        await().atMost(PATIENCE).until(() -> rows() >= 1_000);

        database.execute("UPDATE batched_background_migration_budgets SET rows_per_second = 50 WHERE scope = 'fleet'");
        await().atMost(PATIENCE)
                .until(() -> database.number(
                                "SELECT count(*) FROM batched_background_migration_budgets WHERE paced_rate = 50")
                        == 1);

        assertRate(50, 2, "true");
    }

    @Test
    void withoutARateASubBatchCostsNoStatementMore() {
        fixture.items(1, 200);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 100);
        fixture.setStatus("m", MigrationStatus.RUNNING);
        long one = connectionsOfARun(100);
        long many = connectionsOfARun(1);

        assertThat(many).isEqualTo(one);
        assertThat(database.number("SELECT count(paced_until) FROM batched_background_migration_budgets"))
                .isZero();
    }

    /** Runs the next batch job. All sub-batches share a connection, so those beyond are for something else. */
    private long connectionsOfARun(int subBatchSize) {
        AtomicInteger connections = new AtomicInteger();
        AtomicInteger subBatches = new AtomicInteger();
        BatchedMigrations engine = BatchedMigrations.on(new CountingDataSource(database, connections))
                .settings(EngineFixture.SETTINGS)
                .workRegistry(EngineFixture.registry(Map.of()))
                .listener(event -> {
                    if (event instanceof MigrationEvent.SubBatchCommitted) {
                        subBatches.incrementAndGet();
                    }
                })
                .build();
        long job = engine.planner().plan().due().get(0);
        database.execute("UPDATE batched_background_migration_jobs SET sub_batch_size = " + subBatchSize);
        connections.set(0);
        assertThat(engine.runner().run(job, StopSignal.NEVER)).isInstanceOf(BatchOutcome.Finished.class);
        assertThat(subBatches.get()).isGreaterThanOrEqualTo(subBatchSize == 1 ? 5 : 1);
        return connections.get();
    }

    @Test
    void keepsItsLeaseWhileItWaits() {
        queue("a");
        oweAnHour();
        BatchedMigrations engine = engine(Duration.ofSeconds(1));
        long job = engine.planner().plan().due().get(0);
        workers.add(Worker.start(() -> engine.runner().run(job, () -> stopping)));

        await().during(Duration.ofSeconds(3)).atMost(PATIENCE).until(() -> database.number("""
                        SELECT count(*)
                        FROM batched_background_migration_jobs
                        WHERE id = ? AND (lease_until > clock_timestamp() OR lease_token IS NULL)
                        """, job) == 1);

        assertThat(rows()).isZero();
        assertThat(workers.get(0).isDone()).isFalse();
    }

    @Test
    void stopsWhileItWaits() {
        queue("a");
        oweAnHour();
        start(1);
        awaitLease();

        stopping = true;

        assertThat(workers.get(0).result())
                .isInstanceOfSatisfying(
                        BatchOutcome.HandedBack.class,
                        back -> assertThat(back.reason()).isEqualTo(BatchOutcome.Reason.STOPPING));
    }

    @Test
    void isPausedWhileItWaits() {
        queue("a");
        oweAnHour();
        start(1);
        awaitLease();

        fixture.setStatus("a", MigrationStatus.PAUSED);

        assertThat(workers.get(0).result())
                .isInstanceOfSatisfying(
                        BatchOutcome.HandedBack.class,
                        back -> assertThat(back.reason()).isEqualTo(BatchOutcome.Reason.MIGRATION_STOPPED));
        assertThat(rows()).isZero();
    }

    @Test
    void waitsForABudgetsRowThatSomebodyHolds() throws SQLException {
        queue("a");
        budgets.set(Subject.FLEET, Change.rowsPerSecond(Limit.of(1_000)));
        try (Connection person = database.getConnection()) {
            person.setAutoCommit(false);
            ItemsWork.update(person, "UPDATE batched_background_migration_budgets SET updated_at = now()");
            start(1);
            await().atMost(PATIENCE).until(() -> rows() > 0);
            long rows = rows();

            await().during(Duration.ofSeconds(2)).atMost(PATIENCE).until(() -> rows() == rows);

            person.rollback();
        }
        await().atMost(PATIENCE).until(() -> rows() >= 1_500);
    }

    @Test
    void aBatchIsNoLongerThanItsTargetAtItsRate() {
        fixture.items(1, 100_000);
        fixture.queueItems("m", ItemsWork.ADD_ONE, 50_000);
        database.execute("UPDATE batched_background_migrations SET batch_size_fixed = false");
        budgets.set(Subject.EACH_MIGRATION, Change.rowsPerSecond(Limit.of(100)));

        fixture.engine(Map.of()).planner().plan();

        assertThat(fixture.jobs("m", "j.max_value")).startsWith("3000");
    }

    private void oweAnHour() {
        database.execute("""
                UPDATE batched_background_migration_budgets
                SET rows_per_second = 1000, paced_rate = 1000, paced_until = clock_timestamp() + interval '1 hour'
                WHERE scope = 'fleet'
                """);
    }

    private void awaitLease() {
        await().atMost(PATIENCE)
                .until(() -> database.number("SELECT count(lease_token) FROM batched_background_migration_jobs") == 1);
    }

    private void queue(String name) {
        if (database.text("SELECT to_regclass('t.items')").equals("null")) {
            fixture.items(1, 200_000);
        }
        fixture.queueItems(name, name, 40_000);
    }

    private void start(int count) {
        BatchedMigrations engine = engine(Duration.ofSeconds(10));
        List<Long> due = engine.planner().plan().due().subList(0, count);
        for (long job : due) {
            workers.add(Worker.start(() -> engine.runner().run(job, () -> stopping)));
        }
    }

    private BatchedMigrations engine(Duration lease) {
        EngineSettings settings = EngineFixture.SETTINGS.toBuilder()
                .lease(lease)
                .missingCode(Duration.ZERO)
                .build();
        return fixture.engine(settings, Map.of("a", context -> log(context, "a"), "b", context -> log(context, "b")));
    }

    private static long log(WorkContext context, String name) throws SQLException {
        try (var statement = context.connection().createStatement()) {
            return statement.executeUpdate("INSERT INTO t.log SELECT '" + name + "', count(*) FROM " + context.table()
                    + " WHERE " + context.batch().predicate());
        }
    }

    private long rows() {
        return database.number("SELECT coalesce(sum(rows), 0) FROM t.log");
    }

    /** Looks at the next four seconds: never more than the rate and a sub-batch of each worker, and not far from the rate. */
    private void assertRate(long rate, int count, String which) {
        await().atMost(PATIENCE).until(() -> rows() > 0);
        String since = database.text("SELECT clock_timestamp()");
        await().atMost(PATIENCE)
                .until(() -> database.text("SELECT clock_timestamp() > ?::timestamptz + interval '4 seconds'", since)
                        .equals("t"));
        String[] seen = database.text("""
                        SELECT coalesce(sum(rows), 0) || ' ' || extract(epoch FROM clock_timestamp() - ?::timestamptz)
                        FROM t.log
                        WHERE at > ?::timestamptz AND %s
                        """.formatted(which), since, since).split(" ");
        double rows = Double.parseDouble(seen[0]);
        double seconds = Double.parseDouble(seen[1]);

        assertThat(rows).isLessThanOrEqualTo(rate * seconds + (double) count * rate / 2);
        assertThat(rows / seconds).as("rows a second").isGreaterThan(rate * 0.6);
    }

    /** Counts the connections that it hands out. */
    private static final class CountingDataSource implements BareDataSource {
        private final TestDatabase real;
        private final AtomicInteger count;

        CountingDataSource(TestDatabase real, AtomicInteger count) {
            this.real = real;
            this.count = count;
        }

        @Override
        public Connection getConnection() throws SQLException {
            count.incrementAndGet();
            return real.getConnection();
        }
    }
}
